/** The replica's own messages as fields, in format version 2. Batches are attached: their bytes are the session's. */
import type { ControlValue } from '../codec/control.ts';
import { unreachable } from '../invariant.ts';
import type { MessageHeader } from '../raft/messages.ts';
import type { Propose, ProposedBatch, ProposeRefused } from '../replica/contract.ts';
import { asCount, fieldError, type FieldReader, type MessageParts } from './fields.ts';
import { withHeader } from './header.ts';
import type { OwnMessage, OwnMessageKind } from './kinds.ts';

const fieldsPerBatch = 2;
const refusals: readonly ProposeRefused['reason'][] = ['not-leader', 'overloaded'];
const digestPattern = /^[0-9a-f]{16}$/;
const none: readonly Uint8Array[] = [];

/** Fields and attachments of one message. */
export function replicaParts(message: OwnMessage): MessageParts {
  switch (message.kind) {
    case 'propose':
      return proposeParts(message);
    case 'propose-refused':
      return { fields: withHeader(message, refusals.indexOf(message.reason)), attachments: none };
    case 'touch':
    case 'touch-reply':
      return { fields: withHeader(message, message.id, message.sessions), attachments: none };
    case 'digest':
      return { fields: withHeader(message, message.index, message.digest), attachments: none };
    default:
      return unreachable(message);
  }
}

/** Reads what {@link replicaParts} wrote after the header. */
export function readReplicaMessage(
  kind: OwnMessageKind,
  header: MessageHeader,
  reader: FieldReader,
): OwnMessage {
  switch (kind) {
    case 'propose':
      return { kind, ...header, batches: readBatches(reader) };
    case 'propose-refused':
      return { kind, ...header, reason: reader.choice('reason', refusals) };
    case 'touch':
    case 'touch-reply':
      return { kind, ...header, id: reader.count('id'), sessions: readSessions(reader) };
    case 'digest':
      return { kind, ...header, index: reader.count('index'), digest: reader.text('digest', digestPattern) };
    default:
      return unreachable(kind);
  }
}

function proposeParts(message: Propose): MessageParts {
  const lengths: ControlValue[] = [];
  const attachments: Uint8Array[] = [];
  for (const { bytes, announceDurable } of message.batches) {
    lengths.push(bytes.length, announceDurable);
    attachments.push(bytes);
  }
  return { fields: withHeader(message, lengths), attachments };
}

function readBatches(reader: FieldReader): readonly ProposedBatch[] {
  const fields = reader.array('batches', fieldsPerBatch);
  const batches: ProposedBatch[] = [];
  for (let at = 0; at < fields.length; at += fieldsPerBatch) {
    const bytes = reader.attachment('batch.bytes', asCount(fields[at], 'batch.length'));
    const announceDurable = fields[at + 1];
    if (typeof announceDurable !== 'boolean') {
      throw fieldError('batch.announceDurable', 'is neither true nor false');
    }
    batches.push({ bytes, announceDurable });
  }
  return batches;
}

function readSessions(reader: FieldReader): readonly number[] {
  return reader.array('sessions').map((session) => asCount(session, 'session'));
}
