/** What a peer sent, as a session uses it: values are decoded here, once, when somebody asks for them. */
import { mapAnswer } from '../codec/query.ts';
import { toStat } from '../codec/stat.ts';
import { decodeValue } from '../codec/value-decode.ts';
import { CoordinationError } from '../errors.ts';
import type { LinkAnswer, LinkDelivery, ZnodeView } from '../session/link.ts';
import type { EncodedAnswer, EncodedChange, EncodedZnode, PlacedZnode } from '../wire/session-messages.ts';

/** A value that cannot be decoded fails the read, and nothing else. */
export function decodedAnswer(answer: EncodedAnswer): LinkAnswer {
  try {
    return mapAnswer(answer, viewOf);
  } catch (error) {
    if (!(error instanceof CoordinationError)) throw error;
    return { kind: 'failed', code: error.code, details: error.details };
  }
}

export function decodedSnapshot(zxid: number, znodes: readonly PlacedZnode[]): LinkDelivery {
  return {
    kind: 'snapshot',
    zxid,
    count: znodes.length,
    page: (start, end) => znodes.slice(start, end).map(({ path, znode }) => ({ path, ...viewOf(znode) })),
  };
}

export function decodedChanges(zxid: number, changes: readonly EncodedChange[]): LinkDelivery {
  return {
    kind: 'changes',
    zxid,
    count: changes.length,
    change: (position) => {
      const { path, before, after } = changes[position] ?? { path: '', before: undefined, after: undefined };
      return { path, before: optionalView(before), after: optionalView(after) };
    },
  };
}

function viewOf({ stat, value }: EncodedZnode): ZnodeView {
  return Object.freeze({ value: decodeValue(value).value, stat: toStat(stat) });
}

function optionalView(znode: EncodedZnode | undefined): ZnodeView | undefined {
  return znode === undefined ? undefined : viewOf(znode);
}
