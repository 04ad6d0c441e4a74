/**
 * Tells of the moments in which an ensemble is vulnerable: a member's term rises (it votes, campaigns, follows
 * somebody new), a leader appends a membership, a received snapshot replaces a log, something is written, a log is cut
 * at its beginning. They last milliseconds, and faults that come at any time hit them too seldom.
 */
import type { Invariant, ObservedStep } from '../invariants/invariant.ts';

/** What happens to a member. */
export type Moment = 'term' | 'membership' | 'install' | 'write' | 'compact';

export class Moments {
  #waiting: { readonly moment: Moment; readonly resolve: (member: string) => void }[] = [];

  /** The member to which this happens next. */
  next(moment: Moment): Promise<string> {
    return new Promise((resolve) => this.#waiting.push({ moment, resolve }));
  }

  /** To be given to the world among its invariants: it watches and states nothing. */
  asInvariant(): Invariant {
    return {
      name: 'Moments',
      statement: 'nothing; it watches',
      source: 'none',
      watch: () => ({ stepped: (step) => this.#stepped(step) }),
    };
  }

  #stepped(step: ObservedStep): void {
    if (this.#waiting.length === 0) return;
    const come = new Set(momentsOf(step));
    if (come.size === 0) return;
    const due = this.#waiting.filter(({ moment }) => come.has(moment));
    this.#waiting = this.#waiting.filter(({ moment }) => !come.has(moment));
    for (const { resolve } of due) resolve(step.peer.member);
  }
}

function momentsOf({ before, after, output }: ObservedStep): readonly Moment[] {
  const moments: Moment[] = after.term > before.term ? ['term'] : [];
  if (output.persists.length > 0) moments.push('write');
  for (const { batch } of output.persists) {
    if (batch.install !== undefined) moments.push('install');
    if (batch.compactThrough !== undefined) moments.push('compact');
    if (after.role === 'leader' && batch.entries?.some(({ kind }) => kind === 'membership') === true)
      moments.push('membership');
  }
  return moments;
}
