/**
 * Counts the interesting states that runs reach. It watches like an invariant and states nothing: a sweep that
 * never truncates a log has proven nothing about truncation, whatever its invariants say.
 */
import type { AppliedItem, Reply } from '@quorate/core/inspect';
import type { Invariant, ObservedPeer, ObservedStep } from '../invariants/invariant.ts';

const marks = [
  'elections',
  'terms without a leader',
  'snapshots taken',
  'snapshot installs',
  'truncations',
  'session expiries',
  'expiries rejected',
  'sessions that moved',
  'retries answered from the record',
  'gaps in requests',
  'resumed leaderships',
  'readmissions',
  'leadership transfers',
  'leaders that stepped down',
  'reads asked again',
  'watches resumed',
  'watches compacted',
  'containers and TTLs reaped',
  'limits met in apply',
  'multis that failed',
] as const;

/** One state worth reaching. */
export type Mark = (typeof marks)[number];

/** How often each was reached. */
export type Coverage = Readonly<Record<Mark, number>>;

/** Nothing was reached. */
export const noCoverage: Coverage = Object.freeze(
  Object.fromEntries(marks.map((mark) => [mark, 0])) as Record<Mark, number>,
);

/** The counts of two runs together. */
export function addCoverage(left: Coverage, right: Coverage): Coverage {
  const pairs = marks.map((mark) => [mark, left[mark] + right[mark]] as const);
  return Object.fromEntries(pairs) as Record<Mark, number>;
}

/** Counts in one run. */
export class CoverageCounter {
  readonly #counts: Record<Mark, number> = { ...noCoverage };
  /** The last zxid that each life was seen to apply: replies with older ones are repeated. */
  readonly #lastZxids = new WeakMap<ObservedPeer, number>();
  #lastLeader = '';
  /** The member that served each session last. */
  readonly #servedBy = new Map<number, string>();

  read(): Coverage {
    return { ...this.#counts };
  }

  /** To be given to the world among its invariants. */
  asInvariant(): Invariant {
    return {
      name: 'Coverage',
      statement: 'nothing; it counts',
      source: 'none',
      watch: () => ({ stepped: (step) => this.#stepped(step) }),
    };
  }

  #stepped({ peer, input, output }: ObservedStep): void {
    for (const sessionId of sessionsHeardIn(input)) this.#heard(sessionId, peer.member);
    for (const { batch } of output.persists) {
      if (batch.truncateFrom !== undefined) this.#counts.truncations += 1;
      if (batch.snapshotChunk?.last === true && batch.install === undefined)
        this.#counts['snapshots taken'] += 1;
    }
    for (const notice of output.notices) {
      if (notice.kind === 'role' && notice.role === 'leader') {
        this.#counts.elections += 1;
        if (this.#lastLeader === peer.member) this.#counts['resumed leaderships'] += 1;
        this.#lastLeader = peer.member;
      }
      if (notice.kind === 'role' && notice.role === 'follower' && this.#lastLeader === peer.member) {
        this.#counts['leaders that stepped down'] += 1;
      }
      if (notice.kind === 'role' && notice.role === 'candidate') this.#counts['terms without a leader'] += 1;
      if (notice.kind === 'installed') this.#counts['snapshot installs'] += 1;
      if (notice.kind === 'admitted' && peer.stored.entries.length === 0 && peer.replica.machine.zxid > 0) {
        this.#counts.readmissions += 1;
      }
      if (notice.kind === 'transfer-done') this.#counts['leadership transfers'] += 1;
      if (notice.kind === 'read-failed') this.#counts['reads asked again'] += 1;
    }
    for (const delivery of output.watches) {
      if (delivery.kind === 'resumed') this.#counts['watches resumed'] += 1;
      if (delivery.kind === 'compacted') this.#counts['watches compacted'] += 1;
    }
    if (output.applied.length > 0) this.#applied(peer, output);
  }

  #heard(sessionId: number, member: string): void {
    const before = this.#servedBy.get(sessionId);
    if (before !== undefined && before !== member) this.#counts['sessions that moved'] += 1;
    this.#servedBy.set(sessionId, member);
  }

  #applied(peer: ObservedPeer, output: ObservedStep['output']): void {
    let lastZxid = this.#lastZxids.get(peer) ?? 0;
    for (const { items } of output.applied) {
      for (const [at, item] of items.entries()) {
        switch (item.kind) {
          case 'replies': {
            const zxid = item.replies.at(-1)?.zxid ?? 0;
            if (zxid <= lastZxid) this.#counts['retries answered from the record'] += 1;
            lastZxid = Math.max(lastZxid, zxid);
            for (const { result } of item.replies) {
              if (result.kind !== 'error') continue;
              if (result.code === 'LIMIT_EXCEEDED') this.#counts['limits met in apply'] += 1;
              if ('index' in result.details) this.#counts['multis that failed'] += 1;
            }
            break;
          }
          case 'gap':
            this.#counts['gaps in requests'] += 1;
            break;
          case 'session-ended':
            if (item.code === 'SESSION_EXPIRED') this.#counts['session expiries'] += 1;
            break;
          case 'system':
            this.#system(item.reply, items[at + 1]);
            break;
          case 'refused':
            break;
        }
      }
    }
    this.#lastZxids.set(peer, lastZxid);
  }

  /** Commands of the ensemble that answer nothing are reaped znodes, but for the first and for ended sessions. */
  #system({ result, zxid }: Reply, next: AppliedItem | undefined): void {
    const isReaped = result.kind === 'none' && zxid > 1 && next?.kind !== 'session-ended';
    if (isReaped) this.#counts['containers and TTLs reaped'] += 1;
    if (result.kind === 'error' && result.code === 'COMPARE_FAILED') this.#counts['expiries rejected'] += 1;
  }
}

/** The sessions that this peer serves, as far as its input tells: all of them say from time to time that they live. */
function sessionsHeardIn(input: ObservedStep['input']): readonly number[] {
  return input?.kind === 'touch' ? input.sessions : [];
}
