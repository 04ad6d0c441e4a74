/** What the replica answers, as messages for a session elsewhere: records stay as they are, values stay encoded. */
import { mapAnswer } from '../codec/query.ts';
import type { OpResult, Reply } from '../codec/reply.ts';
import { sourceOf } from '../codec/value-source.ts';
import type { QueryAnswer } from '../machine/contract.ts';
import type { ZnodeRecord } from '../tree/znode-record.ts';
import type { EncodedAnswer, EncodedChange, EncodedZnode } from '../wire/session-messages.ts';
import { answerBytes } from '../wire/session-parts.ts';
import type { Change } from '../machine/contract.ts';

/** null, encoded. */
const nothing = sourceOf(Uint8Array.of(0xc0));

export function encodedZnode(record: ZnodeRecord): EncodedZnode {
  return { stat: record, value: record };
}

/** An answer that does not fit a frame fails: it can be asked in pages. */
export function encodedAnswer(answer: QueryAnswer, frameBytesMax: number): EncodedAnswer {
  const encoded = mapAnswer(answer, encodedZnode);
  const measured = answerBytes(encoded);
  if (measured <= frameBytesMax) return encoded;
  const details = { limit: 'frameBytesMax', limitValue: frameBytesMax, measured };
  return { kind: 'failed', code: 'LIMIT_EXCEEDED', details };
}

export function encodedChange({ path, before, after }: Change): EncodedChange {
  return { path, before: optional(before), after: optional(after) };
}

/**
 * The previous values of comparisons inside a multi are left out: no session shows them, and a thousand of them
 * would fit no frame.
 */
export function slimReply(reply: Reply): Reply {
  const { result } = reply;
  if (result.kind !== 'multi' || !result.results.some(({ kind }) => kind === 'compared')) return reply;
  const results = result.results.map(
    (each): OpResult => (each.kind === 'compared' ? { ...each, previous: nothing } : each),
  );
  return { ...reply, result: { kind: 'multi', results } };
}

function optional(record: ZnodeRecord | undefined): EncodedZnode | undefined {
  return record === undefined ? undefined : encodedZnode(record);
}
