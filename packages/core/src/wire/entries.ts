/**
 * Entries on the wire: five numbers each in one flat array, bodies attached. Their indexes are not sent: the
 * first follows on the message's `previousIndex`, so entries with a gap cannot even be written down.
 */
import type { ControlValue } from '../codec/control.ts';
import { invariant } from '../invariant.ts';
import type { Entry } from '../ports/entry.ts';
import { asChoice, asCount, asTime, fieldError, isCount, isTime, type FieldReader } from './fields.ts';

const fieldsPerEntry = 5;
const entryKinds: readonly Entry['kind'][] = ['noop', 'membership', 'commands'];

/** The place in the log that the first entry follows. */
export interface EntriesStart {
  readonly previousIndex: number;
  readonly previousTerm: number;
  /** The message's term: no entry has a later one. */
  readonly term: number;
}

/** The array for the fields; bodies are added to `attachments`. */
export function entryFields(
  entries: readonly Entry[],
  start: EntriesStart,
  attachments: Uint8Array[],
): readonly ControlValue[] {
  const fields: ControlValue[] = [];
  let index = start.previousIndex;
  let term = start.previousTerm;
  for (const entry of entries) {
    index += 1;
    invariant(entry.index === index, 'entries of an append are consecutive', { index });
    invariant(entry.term >= term && entry.term <= start.term, 'terms of entries only grow', { index });
    invariant(isTime(entry.wallMs) && isTime(entry.elapsedMs), 'an entry has two times', { index });
    term = entry.term;
    const kind = entryKinds.indexOf(entry.kind);
    fields.push(entry.term, kind, entry.wallMs, entry.elapsedMs, entry.body.length);
    attachments.push(entry.body);
  }
  return fields;
}

/** Bodies alias the frame. */
export function readEntries(reader: FieldReader, start: EntriesStart): readonly Entry[] {
  const fields = reader.array('entries', fieldsPerEntry);
  if (!isCount(start.previousIndex + fields.length)) throw fieldError('previousIndex', 'is too large');
  const entries: Entry[] = [];
  let termBefore = start.previousTerm;
  for (let at = 0; at < fields.length; at += fieldsPerEntry) {
    const term = asCount(fields[at], 'entry.term');
    if (term < termBefore || term > start.term) throw fieldError('entry.term', 'is out of order');
    termBefore = term;
    const kind = asChoice(fields[at + 1], 'entry.kind', entryKinds);
    const wallMs = asTime(fields[at + 2], 'entry.wallMs');
    const elapsedMs = asTime(fields[at + 3], 'entry.elapsedMs');
    const body = reader.attachment('entry.body', asCount(fields[at + 4], 'entry.bodyLength'));
    const index = start.previousIndex + entries.length + 1;
    entries.push({ index, term, kind, wallMs, elapsedMs, body });
  }
  return entries;
}
