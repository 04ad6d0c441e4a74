/**
 * DurableBeforeAck: a message leaves only after what it promises is durable on its sender's disk.
 *
 * Source: Raft thesis 3.8 and 10.2.1; catalogue B15 (etcd: acknowledged before it was synced).
 * What is promised: every Raft message its sender's term; a vote and a request for votes the vote; an accepted
 * append everything up to its match index; a chunk of a snapshot its bytes, and the last one the installation.
 * Boundaries: the term of a pre-vote, and of one that is granted, is not its sender's own. A disk that is in a later
 * term can break no promise of an earlier one. Which entry a match index means is known while the sender is still
 * in the term of the message.
 */
import type { ReplicaMessage } from '@quorate/core/inspect';
import { InvariantBroken, type Invariant, type InvariantWatch, type ObservedPeer } from '../invariant.ts';
import type { DiskMirror } from '../ledger/disk-mirror.ts';

export const durableBeforeAck: Invariant = {
  name: 'DurableBeforeAck',
  statement: 'Nothing is promised before it is durable.',
  source: 'Raft thesis 3.8, 10.2.1',
  watch({ disks }): InvariantWatch {
    return {
      sent({ peer, message }) {
        const term = promisedTerm(message);
        if (term === undefined) return;
        const disk = disks.ofPeer(peer);
        const facts = { member: peer.member, kind: message.kind, to: message.to, term };
        if (disk.term < term) {
          throw new InvariantBroken('DurableBeforeAck', 'a term is shown before it is durable', {
            ...facts,
            durableTerm: disk.term,
          });
        }
        const problem = brokenPromise(message, peer, disk);
        if (problem !== undefined)
          throw new InvariantBroken('DurableBeforeAck', problem, { ...facts, message });
      },
    };
  },
};

/** The sender's own term as the message shows it; undefined: it is no message of Raft's, or shows none. */
function promisedTerm(message: ReplicaMessage): number | undefined {
  switch (message.kind) {
    case 'propose':
    case 'propose-refused':
    case 'touch':
    case 'touch-reply':
    case 'digest':
      return undefined;
    case 'pre-vote':
      return message.term - 1;
    case 'pre-vote-reply':
      return message.granted ? undefined : message.term;
    default:
      return message.term;
  }
}

function brokenPromise(message: ReplicaMessage, peer: ObservedPeer, disk: DiskMirror): string | undefined {
  if (disk.term !== message.term) return undefined;
  switch (message.kind) {
    case 'vote':
      return disk.hardState?.vote === message.from
        ? undefined
        : 'votes are asked for before the own one is durable';
    case 'vote-reply':
      if (!message.granted || disk.hardState?.vote === message.to) return undefined;
      return 'a vote is given before it is durable';
    case 'append-reply':
      if (!message.accepted) return undefined;
      return isDurable(message.matchIndex, peer, disk)
        ? undefined
        : 'entries are acknowledged before they are durable';
    case 'install-snapshot-reply':
      if (!message.installed) {
        const isStored = message.nextOffset === 0 || disk.holdsSnapshot(message.index, message.nextOffset);
        return isStored ? undefined : 'a chunk of a snapshot is acknowledged before it is durable';
      }
      return isDurable(message.index, peer, disk)
        ? undefined
        : 'a snapshot is acknowledged before it is durable';
    default:
      return undefined;
  }
}

function isDurable(index: number, { replica: { raft } }: ObservedPeer, disk: DiskMirror): boolean {
  // The log has gone on to another term, or behind the index: then the disk is all that can be asked.
  if (raft.term !== disk.term || index < raft.firstIndex - 1) return disk.lastIndex >= index;
  return index <= raft.lastIndex && disk.holds(index, raft.termAt(index));
}
