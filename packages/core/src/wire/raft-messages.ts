/** Raft's messages as fields, in format version 2: for each kind one line that writes and one that reads them. */
import { unreachable } from '../invariant.ts';
import type { SnapshotMeta } from '../ports/entry.ts';
import type {
  Append,
  AppendReply,
  InstallSnapshot,
  InstallSnapshotReply,
  MessageHeader,
  ProbeReply,
  RaftMessage,
  Vote,
} from '../raft/messages.ts';
import { entryFields, readEntries } from './entries.ts';
import { fieldError, isCount, type FieldReader, type MessageParts } from './fields.ts';
import { withHeader } from './header.ts';

const none: readonly Uint8Array[] = [];

/** Fields and attachments of one message. */
export function raftParts(message: RaftMessage): MessageParts {
  switch (message.kind) {
    case 'append':
      return appendParts(message);
    case 'install-snapshot':
      return installSnapshotParts(message);
    case 'append-reply': {
      const { accepted, matchIndex, hintIndex, hintTerm, previousIndex, round, admitted } = message;
      return parts(message, accepted, matchIndex, hintIndex, hintTerm, previousIndex, round, admitted);
    }
    case 'probe':
      return parts(message, message.empty);
    case 'probe-reply':
      return parts(message, message.empty, message.listed, message.founding ?? null);
    case 'pre-vote':
      return parts(message, message.lastIndex, message.lastTerm);
    case 'vote':
      return parts(message, message.lastIndex, message.lastTerm, message.transfer);
    case 'pre-vote-reply':
    case 'vote-reply':
      return parts(message, message.granted);
    case 'install-snapshot-reply':
      return parts(message, message.index, message.nextOffset, message.installed, message.round);
    case 'read-index':
      return parts(message, message.id);
    case 'read-index-reply':
      return parts(message, message.id, message.index);
    case 'timeout-now':
      return parts(message);
    default:
      return unreachable(message);
  }
}

/** Reads what {@link raftParts} wrote after the header. */
export function readRaftMessage(
  kind: RaftMessage['kind'],
  header: MessageHeader,
  reader: FieldReader,
): RaftMessage {
  switch (kind) {
    case 'append':
      return readAppend(header, reader);
    case 'append-reply':
      return readAppendReply(header, reader);
    case 'probe':
      return { kind, ...header, empty: reader.boolean('empty') };
    case 'probe-reply':
      return readProbeReply(header, reader);
    case 'pre-vote':
      return { kind, ...header, lastIndex: reader.count('lastIndex'), lastTerm: reader.count('lastTerm') };
    case 'vote':
      return readVote(header, reader);
    case 'pre-vote-reply':
    case 'vote-reply':
      return { kind, ...header, granted: reader.boolean('granted') };
    case 'install-snapshot':
      return readInstallSnapshot(header, reader);
    case 'install-snapshot-reply':
      return readInstallSnapshotReply(header, reader);
    case 'read-index':
      return { kind, ...header, id: reader.count('id') };
    case 'read-index-reply':
      return { kind, ...header, id: reader.count('id'), index: reader.countOrNone('index') };
    case 'timeout-now':
      return { kind, ...header };
    default:
      return unreachable(kind);
  }
}

function parts(
  message: RaftMessage,
  ...fields: readonly (number | boolean | Uint8Array | null)[]
): MessageParts {
  return { fields: withHeader(message, ...fields), attachments: none };
}

function appendParts(message: Append): MessageParts {
  const { previousIndex, previousTerm, commitIndex, durableIndex, round } = message;
  const attachments: Uint8Array[] = [];
  const entries = entryFields(message.entries, message, attachments);
  const fields = withHeader(message, previousIndex, previousTerm, commitIndex, durableIndex, round, entries);
  return { fields, attachments };
}

function readAppend(header: MessageHeader, reader: FieldReader): Append {
  const previousIndex = reader.count('previousIndex');
  const previousTerm = reader.count('previousTerm');
  const commitIndex = reader.count('commitIndex');
  const durableIndex = reader.count('durableIndex');
  const round = reader.count('round');
  const entries = readEntries(reader, { previousIndex, previousTerm, term: header.term });
  return {
    kind: 'append',
    ...header,
    previousIndex,
    previousTerm,
    entries,
    commitIndex,
    durableIndex,
    round,
  };
}

function readAppendReply(header: MessageHeader, reader: FieldReader): AppendReply {
  return {
    kind: 'append-reply',
    ...header,
    accepted: reader.boolean('accepted'),
    matchIndex: reader.count('matchIndex'),
    hintIndex: reader.count('hintIndex'),
    hintTerm: reader.count('hintTerm'),
    previousIndex: reader.count('previousIndex'),
    round: reader.count('round'),
    admitted: reader.boolean('admitted'),
  };
}

function readProbeReply(header: MessageHeader, reader: FieldReader): ProbeReply {
  return {
    kind: 'probe-reply',
    ...header,
    empty: reader.boolean('empty'),
    listed: reader.boolean('listed'),
    founding: reader.bytesOrNone('founding'),
  };
}

function readVote(header: MessageHeader, reader: FieldReader): Vote {
  return {
    kind: 'vote',
    ...header,
    lastIndex: reader.count('lastIndex'),
    lastTerm: reader.count('lastTerm'),
    transfer: reader.boolean('transfer'),
  };
}

function installSnapshotParts(message: InstallSnapshot): MessageParts {
  const { meta, offset, bytes, last, round } = message;
  const { index, term, elapsedMs, membership } = meta;
  const fields = withHeader(message, index, term, elapsedMs, membership, offset, last, round, bytes.length);
  return { fields, attachments: [bytes] };
}

function readInstallSnapshot(header: MessageHeader, reader: FieldReader): InstallSnapshot {
  const meta: SnapshotMeta = {
    index: reader.count('meta.index'),
    term: reader.count('meta.term'),
    elapsedMs: reader.time('meta.elapsedMs'),
    membership: reader.bytes('meta.membership'),
  };
  const offset = reader.count('offset');
  const last = reader.boolean('last');
  const round = reader.count('round');
  const bytes = reader.attachment('bytes', reader.count('bytesLength'));
  if (!isCount(offset + bytes.length)) throw fieldError('offset', 'is too large');
  return { kind: 'install-snapshot', ...header, meta, offset, bytes, last, round };
}

function readInstallSnapshotReply(header: MessageHeader, reader: FieldReader): InstallSnapshotReply {
  return {
    kind: 'install-snapshot-reply',
    ...header,
    index: reader.count('index'),
    nextOffset: reader.count('nextOffset'),
    installed: reader.boolean('installed'),
    round: reader.count('round'),
  };
}
