/** The number that each kind of message has in format version 2. Numbers are never reused. */
import type { RaftMessage } from '../raft/messages.ts';
import type { ReplicaMessage } from '../replica/contract.ts';

export type MessageKind = ReplicaMessage['kind'];
export type RaftMessageKind = RaftMessage['kind'];
/** Messages that the replica sends beside Raft's. */
export type OwnMessage = Exclude<ReplicaMessage, RaftMessage>;
export type OwnMessageKind = OwnMessage['kind'];

const raftKindNumbers: Readonly<Record<RaftMessageKind, number>> = {
  probe: 1,
  'probe-reply': 2,
  'pre-vote': 3,
  'pre-vote-reply': 4,
  vote: 5,
  'vote-reply': 6,
  append: 7,
  'append-reply': 8,
  'install-snapshot': 9,
  'install-snapshot-reply': 10,
  'read-index': 11,
  'read-index-reply': 12,
  'timeout-now': 13,
};

const ownKindNumbers: Readonly<Record<OwnMessageKind, number>> = {
  propose: 32,
  'propose-refused': 33,
  touch: 34,
  'touch-reply': 35,
  digest: 36,
};

const kindNumbers: Readonly<Record<MessageKind, number>> = { ...raftKindNumbers, ...ownKindNumbers };

const kindsByNumber: ReadonlyMap<number, MessageKind> = new Map(
  Object.entries(kindNumbers).map(([kind, number]) => [number, kind as MessageKind]),
);

export function kindNumber(kind: MessageKind): number {
  return kindNumbers[kind];
}

/** Undefined for a number that no kind has. */
export function kindOfNumber(number: number): MessageKind | undefined {
  return kindsByNumber.get(number);
}

export function isOwnKind(kind: MessageKind): kind is OwnMessageKind {
  return Object.hasOwn(ownKindNumbers, kind);
}

export function isOwnMessage(message: ReplicaMessage): message is OwnMessage {
  return isOwnKind(message.kind);
}
