/**
 * HistoryContiguous: the history from which watches resume misses no transaction between its oldest zxid and now.
 *
 * Source: semantics.md, Watches (in order, without loss; `COMPACTED` names the oldest).
 * How: the zxids of all transactions are kept as they are applied first; at a sweep each replica must list the same
 * ones from its own oldest zxid on.
 * Boundaries: an empty history; one that limits have emptied; a replica that lags. What was forgotten before
 * anybody looked cannot be compared.
 */
import { InvariantBroken, type Invariant, type InvariantWatch, type ObservedPeer } from '../invariant.ts';
import { InTurn } from '../in-turn.ts';

export const historyContiguous: Invariant = {
  name: 'HistoryContiguous',
  statement: 'The history misses no transaction after its oldest zxid.',
  source: 'semantics.md, Watches',
  watch({ fresh }): InvariantWatch {
    const inTurn = new InTurn();
    /** zxids of transactions, rising. */
    const zxids: number[] = [];
    /** From here on nothing was missed. */
    let completeFrom = 0;
    const judge = ({ member, replica: { machine } }: ObservedPeer): void => {
      const from = Math.max(machine.oldestZxid, completeFrom);
      const found = machine.transactionsAfter(from);
      const expected = zxids.slice(firstAfter(zxids, from), firstAfter(zxids, machine.zxid));
      const actual = found === 'compacted' ? [] : found.map(({ zxid }) => zxid);
      if (found !== 'compacted' && isSame(expected, actual)) return;
      throw new InvariantBroken('HistoryContiguous', 'a history misses transactions', {
        member,
        oldestZxid: machine.oldestZxid,
        zxid: machine.zxid,
        missing: expected.filter((zxid) => !actual.includes(zxid)).slice(0, 10),
        unknown: actual.filter((zxid) => !expected.includes(zxid)).slice(0, 10),
      });
    };
    return {
      opened({ replica: { machine } }) {
        // A state that is older than the watching: its history is not known from the beginning.
        if (machine.zxid > fresh.zxid) completeFrom = machine.zxid;
      },
      stepped(step) {
        if (step.after.zxid === step.before.zxid) return;
        if (fresh.hasGap(step)) completeFrom = step.after.zxid;
        for (const { zxid } of fresh.transactionsOf(step)) zxids.push(zxid);
      },
      swept({ peers }) {
        for (const peer of inTurn.next(peers)) judge(peer);
      },
      ended({ peers }) {
        for (const peer of peers) judge(peer);
      },
    };
  },
};

/** Position of the first zxid above `bound`. */
function firstAfter(zxids: readonly number[], bound: number): number {
  let low = 0;
  let high = zxids.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((zxids[middle] ?? 0) <= bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isSame(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((zxid, at) => zxid === right[at]);
}
