/**
 * Locks, from three sides.
 *
 * - The log: grants of one lock never overlap, tokens grow from grant to grant, and who came first is served first
 *   (LockGrantsDisjoint, FencingMonotone, LockFifo).
 * - The clients: whoever believes to hold a lock was granted it, by something that its session has seen, and had
 *   not yet seen the end of it (LockHeld). That two clients believe so at the same time is not forbidden: nothing
 *   can prevent it (Kleppmann, How to do distributed locking, 2016); it is counted.
 * - The resource: accepted tokens never go back, and none is refused that is not stale (FencedAccess).
 */
import type { OperationRecord } from '../../history/operation.ts';
import type { FencedAccess, LockRecord } from '../../history/resource-record.ts';
import type { WatchRecord } from '../../history/watch-record.ts';
import { showPlain } from '../../history/operation.ts';
import { valid, violation, worst, type Verdict } from '../verdict.ts';
import type { LockGrant } from './grants.ts';

/** What is known of the locks of a run. */
export interface LockedRun {
  /** By the log (`grantsOf`), in its order. */
  readonly grants: readonly LockGrant[];
  readonly locks: readonly LockRecord[];
  readonly accesses: readonly FencedAccess[];
  /** What the sessions of the clients saw. */
  readonly operations: readonly OperationRecord[];
  readonly watches: readonly WatchRecord[];
}

/** Judges all locks of a run; see the file's comment. */
export function checkLocks(run: LockedRun): Verdict {
  const names = new Set([...run.grants, ...run.locks, ...run.accesses].map(({ lock }) => lock));
  const seen = new SeenStates(run);
  return worst(
    Array.from(names, (name) => {
      const grants = run.grants.filter(({ lock }) => lock === name);
      const accesses = run.accesses.filter(({ lock }) => lock === name);
      const locks = run.locks.filter(({ lock }) => lock === name);
      return worst([checkGrants(grants), checkHolders(locks, grants, seen), checkAccesses(accesses, grants)]);
    }),
  );
}

/**
 * How often two clients believed at the same time to hold the same lock. For information: a paused process cannot
 * know, and that is why a resource asks for the token.
 */
export function countOverlaps(locks: readonly LockRecord[]): number {
  let count = 0;
  for (const [at, { lock, acquired, releasedAt }] of locks.entries()) {
    if (acquired === undefined) continue;
    for (const other of locks.slice(at + 1)) {
      if (other.acquired === undefined || other.lock !== lock) continue;
      if (other.acquired.at < releasedAt && acquired.at < other.releasedAt) count += 1;
    }
  }
  return count;
}

function checkGrants(grants: readonly LockGrant[]): Verdict {
  const inOrder = grants.toSorted((a, b) => a.fromZxid - b.fromZxid);
  for (const [at, grant] of inOrder.entries()) {
    const before = inOrder[at - 1];
    if (before === undefined) continue;
    const about = `${showPlain(grant)} after ${showPlain(before)}`;
    if (before.untilZxid > grant.fromZxid) return violation('LockGrantsDisjoint', `granted twice: ${about}`);
    if (before.token >= grant.token) return violation('FencingMonotone', `a token did not grow: ${about}`);
    if (before.sequence >= grant.sequence) return violation('LockFifo', `served out of turn: ${about}`);
  }
  return valid;
}

function checkHolders(locks: readonly LockRecord[], grants: readonly LockGrant[], seen: SeenStates): Verdict {
  const byToken = new Map(grants.map((grant) => [grant.token, grant]));
  const holders = new Map<number, LockRecord>();
  for (const record of locks) {
    const { acquired, client } = record;
    if (acquired === undefined) continue;
    const about = `${client} believed to hold ${record.lock} by token ${acquired.token} at ${acquired.at}`;
    const grant = byToken.get(acquired.token);
    if (grant === undefined) return violation('LockHeld', `${about}: it was never granted`);
    const other = holders.get(acquired.token);
    if (other !== undefined) return violation('LockHeld', `${about}, and so did ${other.client}`);
    holders.set(acquired.token, record);
    const known = seen.newest(record.session, acquired.at);
    if (known < grant.fromZxid) {
      const problem = `it was granted at zxid ${grant.fromZxid}, its session had seen no more than ${known}`;
      return violation('LockHeld', `${about}: ${problem}`);
    }
    if (known >= grant.untilZxid) {
      const problem = `that ended at zxid ${grant.untilZxid}, and its session had seen zxid ${known}`;
      return violation('LockHeld', `${about}: ${problem}`);
    }
  }
  return valid;
}

/** The newest state that each session had been shown, by position. */
class SeenStates {
  readonly #bySession = new Map<string, { readonly at: number; zxid: number }[]>();

  constructor({ operations, watches }: Pick<LockedRun, 'operations' | 'watches'>) {
    for (const { session, trace, returnedAt } of operations) {
      if (returnedAt < Infinity && trace.zxid !== undefined) this.#add(session, returnedAt, trace.zxid);
    }
    for (const { session, batches } of watches) {
      for (const { at, batch } of batches) this.#add(session, at, batch.zxid);
    }
    for (const seen of this.#bySession.values()) {
      seen.sort((a, b) => a.at - b.at);
      let newest = 0;
      for (const state of seen) {
        newest = Math.max(newest, state.zxid);
        state.zxid = newest;
      }
    }
  }

  newest(session: string, at: number): number {
    return this.#bySession.get(session)?.findLast((state) => state.at <= at)?.zxid ?? 0;
  }

  #add(session: string, at: number, zxid: number): void {
    const seen = this.#bySession.get(session);
    if (seen === undefined) this.#bySession.set(session, [{ at, zxid }]);
    else seen.push({ at, zxid });
  }
}

function checkAccesses(accesses: readonly FencedAccess[], grants: readonly LockGrant[]): Verdict {
  const granted = new Set(grants.map(({ token }) => token));
  let highest = 0;
  for (const access of accesses.toSorted((a, b) => a.at - b.at)) {
    const { client, token, at, accepted } = access;
    const about = `${client} with token ${token} at ${at}`;
    if (accepted && token < highest) {
      return violation('FencedAccess', `${about} was let in after token ${highest}`);
    }
    if (accepted && !granted.has(token))
      return violation('FencedAccess', `${about} was let in, never granted`);
    if (!accepted && token >= highest) return violation('FencedAccess', `${about} was kept out, not stale`);
    if (accepted) highest = token;
  }
  return valid;
}
