/**
 * ConfigFollowsLog: the membership in force is that of the newest membership entry in the log, committed or not.
 *
 * Source: Raft thesis 4.1.
 * Boundaries: a truncation brings the one before back; a snapshot stands for the one at its index; before the first
 * entry there is nothing to follow.
 */
import { encodeMembership } from '@quorate/core/inspect';
import type { WriteBatch } from '@quorate/core/ports';
import { InvariantBroken, type Invariant, type InvariantWatch, type ObservedPeer } from '../invariant.ts';

interface Placed {
  readonly index: number;
  readonly bytes: Uint8Array;
}

export const configFollowsLog: Invariant = {
  name: 'ConfigFollowsLog',
  statement: 'The membership in force is the newest of the log.',
  source: 'Raft thesis 4.1',
  watch(): InvariantWatch {
    const placed = new WeakMap<ObservedPeer, Placed[]>();
    return {
      opened(peer) {
        const { snapshot, entries } = peer.stored;
        const found: Placed[] =
          snapshot === undefined ? [] : [{ index: snapshot.index, bytes: snapshot.membership }];
        const after = snapshot?.index ?? 0;
        if (entries.length > 0 && peer.replica.raft.lastIndex === entries.at(-1)?.index) {
          for (const { kind, index, body } of entries) {
            if (kind === 'membership' && index > after) found.push({ index, bytes: body });
          }
        }
        placed.set(peer, found);
      },
      stepped({ peer, output }) {
        for (const { batch } of output.persists) {
          const known = placed.get(peer);
          if (known === undefined || !follow(known, batch)) continue;
          const newest = known.at(-1);
          if (newest === undefined) continue;
          if (isSame(encodeMembership(peer.replica.raft.membership), newest.bytes)) continue;
          throw new InvariantBroken('ConfigFollowsLog', 'another membership than the newest is in force', {
            member: peer.member,
            newestIndex: newest.index,
            inForce: peer.replica.raft.membership,
          });
        }
      },
    };
  },
};

/** Does to the list what the batch does to the log; whether that changed anything. */
function follow(placed: Placed[], batch: WriteBatch): boolean {
  let isChanged = false;
  const { install, truncateFrom = Number.POSITIVE_INFINITY, entries = [] } = batch;
  if (install !== undefined) {
    placed.splice(0, placed.length, { index: install.index, bytes: install.membership });
    isChanged = true;
  }
  const kept = placed.filter(({ index }) => index < truncateFrom);
  if (kept.length < placed.length) {
    placed.length = kept.length;
    isChanged = true;
  }
  for (const { kind, index, body } of entries) {
    if (kind !== 'membership') continue;
    placed.push({ index, bytes: body });
    isChanged = true;
  }
  return isChanged;
}

function isSame(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, at) => byte === right[at]);
}
