/**
 * The payload of a record: what of a batch belongs into the log (docs/reference/formats.md, Payload).
 *
 * The log is a journal: that entries were dropped is written like entries are, and nothing of a segment is ever
 * changed or cut. So there is no moment in which a cut has half happened, and none for which room must be found.
 */
import type { Entry } from '@quorate/core/ports';
import { corrupted } from '../failures.ts';
import { getU64, setU64, viewOf } from '../fields.ts';
import type { SnapshotName } from '../manifest/manifest-slot.ts';

const prefaceBytes = 40;
const entryHeaderBytes = 32;
const kinds: readonly Entry['kind'][] = ['noop', 'membership', 'commands'];

/** What one record does to the log, in this order. */
export interface LogChange {
  /** A received snapshot replaces the log: it goes on after it. */
  readonly install?: SnapshotName | undefined;
  /** Entries from here on are dropped. */
  readonly truncateFrom?: number | undefined;
  readonly entries: readonly Entry[];
}

export function payloadLength({ entries }: LogChange): number {
  let length = prefaceBytes;
  for (const entry of entries) length += entryLength(entry);
  return length;
}

export function entryLength({ body }: Entry): number {
  return entryHeaderBytes + body.length;
}

/** Writes the payload at `start`, where the bytes are zero. Bodies are copied here, and nowhere else. */
export function encodePayload(change: LogChange, bytes: Uint8Array, start: number): void {
  const { install, truncateFrom, entries } = change;
  const view = viewOf(bytes);
  view.setUint8(start, (truncateFrom === undefined ? 0 : 1) + (install === undefined ? 0 : 2));
  view.setUint32(start + 4, entries.length);
  setU64(view, start + 8, truncateFrom ?? 0);
  setU64(view, start + 16, install?.index ?? 0);
  setU64(view, start + 24, install?.term ?? 0);
  setU64(view, start + 32, entries[0]?.index ?? 0);
  let position = start + prefaceBytes;
  for (const { body, kind, term, wallMs, elapsedMs } of entries) {
    view.setUint32(position, body.length);
    view.setUint8(position + 4, kinds.indexOf(kind));
    setU64(view, position + 8, term);
    view.setFloat64(position + 16, wallMs);
    view.setFloat64(position + 24, elapsedMs);
    bytes.set(body, position + entryHeaderBytes);
    position += entryHeaderBytes + body.length;
  }
}

/** The bodies are views into `payload`. Throws `CORRUPTED` for anything that encodePayload does not make. */
export function decodePayload(payload: Uint8Array): LogChange {
  if (payload.length < prefaceBytes) throw corrupted('a record of the log is too short');
  const view = viewOf(payload);
  const flags = view.getUint8(0);
  if (flags > 3) throw corrupted('a record of the log says something unknown');
  const count = view.getUint32(4);
  const firstIndex = getU64(view, 32);
  const entries: Entry[] = [];
  let position = prefaceBytes;
  for (let number = 0; number < count; number += 1) {
    const bodyStart = position + entryHeaderBytes;
    if (bodyStart > payload.length) throw corrupted('a record of the log ends inside an entry');
    const bodyEnd = bodyStart + view.getUint32(position);
    const kind = kinds[view.getUint8(position + 4)];
    const term = getU64(view, position + 8);
    const index = firstIndex + number;
    if (bodyEnd > payload.length || kind === undefined || !Number.isSafeInteger(index + term)) {
      throw corrupted('an entry of the log makes no sense');
    }
    entries.push({
      index,
      term,
      kind,
      wallMs: view.getFloat64(position + 16),
      elapsedMs: view.getFloat64(position + 24),
      body: payload.subarray(bodyStart, bodyEnd),
    });
    position = bodyEnd;
  }
  if (position !== payload.length) throw corrupted('a record of the log is longer than its entries');
  return {
    install: (flags & 2) === 0 ? undefined : { index: getU64(view, 16), term: getU64(view, 24) },
    truncateFrom: (flags & 1) === 0 ? undefined : getU64(view, 8),
    entries,
  };
}
