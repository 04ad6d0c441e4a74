/**
 * LogMatching: entries with the same index and term are the same on all peers, and so is everything before them.
 *
 * Source: Raft thesis 3.5 and figure 3.2.
 * How: by induction. Each entry that anybody appends must equal the one that was first seen with its index and
 * term, and follow an entry of the same term. So nobody ever compares whole logs.
 * Boundaries: index 1 follows term 0; the entry before the first of an append may be the compacted boundary. What
 * a restart finds is compared too: a disk must not alter an entry.
 */
import type { Entry } from '@quorate/core/ports';
import { InvariantBroken, type Invariant, type InvariantWatch, type ObservedPeer } from '../invariant.ts';

interface Known {
  readonly entry: Entry;
  /** Of the entry before it; undefined: found on a disk at a place where that is not known. */
  readonly previousTerm: number | undefined;
}

export const logMatching: Invariant = {
  name: 'LogMatching',
  statement: 'Entries with the same index and term are the same everywhere, with all before them.',
  source: 'Raft thesis 3.5, figure 3.2',
  watch(): InvariantWatch {
    /** By index; rarely more than one entry each. */
    const known: Known[][] = [];
    const learn = (peer: ObservedPeer, entry: Entry, previousTerm: number | undefined): void => {
      const rivals = (known[entry.index] ??= []);
      const same = rivals.find((rival) => rival.entry.term === entry.term);
      if (same === undefined) {
        rivals.push({ entry, previousTerm });
        return;
      }
      const facts = { member: peer.member, index: entry.index, term: entry.term };
      if (!isSameEntry(same.entry, entry)) {
        throw new InvariantBroken('LogMatching', 'two entries have one index and term', {
          ...facts,
          first: describe(same.entry),
          second: describe(entry),
        });
      }
      if (previousTerm === undefined || same.previousTerm === undefined) return;
      if (previousTerm !== same.previousTerm) {
        throw new InvariantBroken('LogMatching', 'one entry follows two different ones', {
          ...facts,
          firstPreviousTerm: same.previousTerm,
          secondPreviousTerm: previousTerm,
        });
      }
    };
    const learnAll = (
      peer: ObservedPeer,
      entries: readonly Entry[],
      termBefore: number | undefined,
    ): void => {
      let previousTerm = termBefore;
      for (const entry of entries) {
        learn(peer, entry, previousTerm);
        previousTerm = entry.term;
      }
    };
    return {
      opened(peer) {
        const { entries, snapshot } = peer.stored;
        const first = entries[0]?.index ?? 0;
        const isAfterSnapshot = snapshot !== undefined && snapshot.index === first - 1;
        learnAll(peer, entries, first === 1 ? 0 : isAfterSnapshot ? snapshot.term : undefined);
      },
      stepped({ peer, output }) {
        for (const { batch } of output.persists) {
          const first = batch.entries?.[0];
          if (first === undefined) continue;
          learnAll(peer, batch.entries ?? [], peer.replica.raft.termAt(first.index - 1));
        }
      },
    };
  },
};

function isSameEntry(left: Entry, right: Entry): boolean {
  if (left === right) return true;
  return (
    left.kind === right.kind &&
    left.wallMs === right.wallMs &&
    left.elapsedMs === right.elapsedMs &&
    isSameBody(left.body, right.body)
  );
}

function isSameBody(left: Uint8Array, right: Uint8Array): boolean {
  if (left === right) return true;
  if (left.length !== right.length) return false;
  for (let at = 0; at < left.length; at += 1) if (left[at] !== right[at]) return false;
  return true;
}

function describe(entry: Entry): string {
  return `${entry.kind}, ${entry.body.length} bytes, wall ${entry.wallMs}, elapsed ${entry.elapsedMs}`;
}
