/**
 * Tells of the moments in which an ensemble is vulnerable: a member's term rises (it votes, campaigns, follows
 * somebody new), a leader appends what clients ask for or a membership, somebody begins to lead, a received snapshot
 * arrives or replaces a log, something is written, a log is cut at its beginning. They last milliseconds, and faults that come
 * at any time hit them too seldom.
 */
import type { Invariant, ObservedStep } from '../invariants/invariant.ts';

/** What happens to a member. */
export type Moment =
  | 'term'
  | 'proposal'
  | 'membership'
  | 'leadership'
  | 'chunk'
  | 'install'
  | 'write'
  | 'compact';

interface Waiting {
  readonly moment: Moment;
  readonly except: string | undefined;
  readonly resolve: (member: string) => void;
}

export class Moments {
  #waiting: Waiting[] = [];

  /** The member to which this happens next; `except`: not to that one. */
  next(moment: Moment, { except }: { readonly except?: string } = {}): Promise<string> {
    return new Promise((resolve) => this.#waiting.push({ moment, except, resolve }));
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
    const { member } = step.peer;
    const isDue = ({ except, moment }: Waiting): boolean => come.has(moment) && member !== except;
    const due = this.#waiting.filter(isDue);
    if (due.length === 0) return;
    this.#waiting = this.#waiting.filter((waiting) => !isDue(waiting));
    for (const { resolve } of due) resolve(member);
  }
}

function momentsOf({ peer, before, after, output }: ObservedStep): readonly Moment[] {
  const moments: Moment[] = after.term > before.term ? ['term'] : [];
  if (after.role === 'leader' && before.role !== 'leader') moments.push('leadership');
  if (output.persists.length > 0) moments.push('write');
  for (const { batch } of output.persists) {
    if (batch.install !== undefined) moments.push('install');
    else if (batch.snapshotChunk !== undefined && peer.replica.raft.isReceivingSnapshot)
      moments.push('chunk');
    if (batch.compactThrough !== undefined) moments.push('compact');
    if (after.role !== 'leader') continue;
    for (const { kind } of batch.entries ?? []) {
      if (kind === 'membership') moments.push('membership');
      else if (kind === 'commands') moments.push('proposal');
    }
  }
  return moments;
}
