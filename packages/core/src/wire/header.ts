/**
 * The three fields that every message begins with. Whom it is for is not among them: the connection says so, and what a
 * leader sends to all its followers is one frame then.
 */
import type { ControlValue } from '../codec/control.ts';
import type { MessageHeader } from '../raft/messages.ts';
import type { FieldReader } from './fields.ts';

/** The header's fields, and then those of the message itself. */
export function withHeader(
  header: MessageHeader,
  ...fields: readonly ControlValue[]
): readonly ControlValue[] {
  return [header.from, header.term, header.incarnation, ...fields];
}

/** `to`: whoever received the frame. */
export function readHeader(reader: FieldReader, to: string): MessageHeader {
  const from = reader.memberId('from');
  const term = reader.count('term');
  const incarnation = reader.count('incarnation');
  return { from, to, term, incarnation };
}
