/** The four fields that every message begins with. */
import type { ControlValue } from '../codec/control.ts';
import type { MessageHeader } from '../raft/messages.ts';
import type { FieldReader } from './fields.ts';

/** The header's fields, and then those of the message itself. */
export function withHeader(
  header: MessageHeader,
  ...fields: readonly ControlValue[]
): readonly ControlValue[] {
  return [header.from, header.to, header.term, header.incarnation, ...fields];
}

export function readHeader(reader: FieldReader): MessageHeader {
  const from = reader.memberId('from');
  const to = reader.memberId('to');
  const term = reader.count('term');
  const incarnation = reader.count('incarnation');
  return { from, to, term, incarnation };
}
