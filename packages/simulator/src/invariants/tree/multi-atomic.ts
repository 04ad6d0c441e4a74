/**
 * MultiAtomic: a command that fails changes nothing, and everything that a multi changes carries its one zxid.
 *
 * Source: semantics.md, Writes (multi: all or nothing, one zxid for all of it).
 * Boundaries: holds for single commands as well. A multi may set one znode twice, the stats then show the same zxid.
 * Answers that are repeated from the record are looked at again; they have not changed.
 */
import { InvariantBroken, type Invariant, type InvariantWatch, type ObservedStep } from '../invariant.ts';

export const multiAtomic: Invariant = {
  name: 'MultiAtomic',
  statement: 'A failed command changes nothing; a multi has one zxid.',
  source: 'semantics.md, Writes',
  watch({ fresh }): InvariantWatch {
    return {
      stepped(step) {
        const { output, before, after } = step;
        if (output.applied.length === 0 || after.zxid === before.zxid) return;
        const transactions = fresh.transactionsOf(step);
        const changed = new Set(transactions.map(({ zxid }) => zxid));
        if (changed.size < transactions.length) {
          throw new InvariantBroken('MultiAtomic', 'one zxid has two transactions', facts(step, 0));
        }
        for (const { items } of output.applied) {
          for (const item of items) {
            if (item.kind !== 'replies') continue;
            for (const { zxid, result } of item.replies) {
              if (result.kind === 'error' && changed.has(zxid)) {
                throw new InvariantBroken('MultiAtomic', 'a command failed and changed something', {
                  ...facts(step, zxid),
                  code: result.code,
                });
              }
              if (result.kind === 'multi') judgeResults(step, zxid, result.results);
            }
          }
        }
      },
    };
  },
};

type Results = readonly { readonly kind: string }[];

function judgeResults(step: ObservedStep, zxid: number, results: Results): void {
  for (const result of results) {
    if (!('stat' in result) || (result.kind !== 'stat' && result.kind !== 'number')) continue;
    const { mzxid } = result.stat as { readonly mzxid: number };
    if (mzxid === zxid) continue;
    throw new InvariantBroken('MultiAtomic', 'an operation of a multi has another zxid', {
      ...facts(step, zxid),
      mzxid,
    });
  }
}

function facts({ peer, after }: ObservedStep, zxid: number): Record<string, unknown> {
  return { member: peer.member, appliedIndex: after.appliedIndex, zxid };
}
