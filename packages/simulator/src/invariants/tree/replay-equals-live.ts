/**
 * ReplayEqualsLive: a replica's newest snapshot, as it lies on its disk, and the log after it give the state that
 * the replica has.
 *
 * Source: Raft thesis 5.1; reliability catalogue B35 to B38 (snapshots that miss something).
 * How: one running peer at a time is rebuilt at a sweep, all of them at the end.
 * Boundaries: without a snapshot the whole log is replayed, if it is still there. Bytes that were written before
 * anybody watched are not known.
 */
import { Machine, SnapshotReader } from '@quorate/core/inspect';
import { InvariantBroken, type Invariant, type InvariantWatch, type ObservedPeer } from '../invariant.ts';
import { InTurn } from '../in-turn.ts';
import type { MirroredSnapshot } from '../ledger/disk-mirror.ts';

/** Sweeps between two replays: each costs as much as a state is large. */
const everySweeps = 5;

export const replayEqualsLive: Invariant = {
  name: 'ReplayEqualsLive',
  statement: 'Snapshot and log give the state that the replica has.',
  source: 'Raft thesis 5.1',
  watch({ disks }): InvariantWatch {
    const inTurn = new InTurn();
    let sweepsCount = 0;
    const judge = (peer: ObservedPeer): void => {
      const { raft, machine } = peer.replica;
      const replayed = restore(disks.ofPeer(peer).snapshot);
      if (replayed === undefined || replayed.appliedIndex > machine.appliedIndex) return;
      if (replayed.appliedIndex + 1 < raft.firstIndex) return;
      const snapshotIndex = replayed.appliedIndex;
      for (let index = snapshotIndex + 1; index <= machine.appliedIndex; index += 1) {
        replayed.apply(raft.entryAt(index), nobodyWaits);
      }
      const digest = machine.digest();
      if (replayed.digest() === digest) return;
      throw new InvariantBroken('ReplayEqualsLive', 'snapshot and log give another state', {
        member: peer.member,
        snapshotIndex,
        appliedIndex: machine.appliedIndex,
        live: digest,
        replayed: replayed.digest(),
      });
    };
    return {
      swept({ peers }) {
        sweepsCount += 1;
        if (sweepsCount % everySweeps !== 0) return;
        for (const peer of inTurn.next(peers)) judge(peer);
      },
      ended({ peers }) {
        for (const peer of peers) judge(peer);
      },
    };
  },
};

const nobodyWaits = {
  waitingSessions: new Set<number>(),
  isWatched: (): boolean => false,
  requestApplied: (): void => undefined,
};

function restore(snapshot: MirroredSnapshot | undefined): Machine | undefined {
  if (snapshot === undefined) return new Machine();
  if (snapshot.chunks === undefined) return undefined;
  const reader = new SnapshotReader();
  for (const chunk of snapshot.chunks) reader.push(chunk);
  return reader.finish();
}
