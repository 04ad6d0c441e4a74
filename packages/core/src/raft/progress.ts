/**
 * What the leader knows of one follower.
 *
 *   probe      one append at a time, until the follower's log and the leader's are known to agree somewhere
 *   replicate  appends follow one another without waiting, bounded by messages and bytes in flight
 *   snapshot   the entries that the follower needs are compacted away: it gets the snapshot first
 *
 * Invariants: matchIndex < nextIndex; within one incarnation of the follower matchIndex never goes back, because
 * it counts what the follower holds durably.
 */
import { invariant } from '../invariant.ts';
import type { SnapshotMeta } from '../ports/entry.ts';

/** A snapshot on its way to a follower, one chunk at a time. */
export interface Transfer {
  readonly meta: SnapshotMeta;
  /** Where the chunk that is asked for begins. */
  offset: number;
  /** `reading`: asked of the own storage; `sent`: on its way, or its answer is; `idle`: to be asked for. */
  phase: 'idle' | 'reading' | 'sent';
  /** Length of the chunk under way. */
  length: number;
  /** Tick of the last step forward. */
  since: number;
}

export interface InFlightBounds {
  readonly messagesMax: number;
  readonly bytesMax: number;
}

export class Progress {
  readonly member: string;
  /** The life of the follower's storage that answered last. */
  incarnation: number | undefined;
  /** That life says that it is admitted. */
  isVouched = false;
  #state: 'probe' | 'replicate' | 'snapshot' = 'probe';
  #matchIndex = 0;
  #nextIndex: number;
  /** Probe: one append is out, wait for its answer or for the next heartbeat. */
  isPaused = false;
  transfer: Transfer | undefined;
  /** Tick of the last answer. */
  heardAt: number;
  isHealthy = true;
  /** The highest round that the follower echoed, and that was sent to it. */
  roundEchoed = 0;
  roundSent = 0;
  commitSent = 0;
  durableSent = 0;
  /** A new incarnation that is catching up: done when it holds everything up to `target` soon after `since`. */
  catchUp: { readonly target: number; readonly since: number } | undefined;
  #inFlight: { readonly lastIndex: number; readonly bytes: number }[] = [];
  #bytesInFlight = 0;

  constructor(member: string, nextIndex: number, now: number) {
    this.member = member;
    this.#nextIndex = nextIndex;
    this.heardAt = now;
  }

  get state(): 'probe' | 'replicate' | 'snapshot' {
    return this.#state;
  }

  get matchIndex(): number {
    return this.#matchIndex;
  }

  get nextIndex(): number {
    return this.#nextIndex;
  }

  get messagesInFlight(): number {
    return this.#inFlight.length;
  }

  get bytesInFlight(): number {
    return this.#bytesInFlight;
  }

  canSend(bounds: InFlightBounds): boolean {
    if (this.#state === 'probe') return !this.isPaused;
    if (this.#state === 'snapshot') return false;
    return this.#inFlight.length < bounds.messagesMax && this.#bytesInFlight < bounds.bytesMax;
  }

  /** Entries up to `lastIndex` are on their way. */
  sent(lastIndex: number, bytes: number): void {
    if (this.#state === 'probe') {
      this.isPaused = true;
      return;
    }
    invariant(this.#state === 'replicate', 'entries are sent while replicating');
    invariant(lastIndex >= this.#nextIndex, 'entries are sent in their order');
    this.#inFlight.push({ lastIndex, bytes });
    this.#bytesInFlight += bytes;
    this.#nextIndex = lastIndex + 1;
  }

  /** The follower's log agrees up to `agreedIndex`, and up to `matchIndex` it is durable there. */
  accepted(matchIndex: number, agreedIndex: number): void {
    this.#matchIndex = Math.max(this.#matchIndex, matchIndex);
    if (this.#state === 'replicate') {
      this.#nextIndex = Math.max(this.#nextIndex, this.#matchIndex + 1);
      this.#release();
      return;
    }
    this.#become('replicate');
    this.#nextIndex = Math.max(this.#matchIndex, agreedIndex) + 1;
  }

  /** The logs do not agree at `previousIndex`, but may at `agreeableIndex`. False: an old answer, of no use. */
  rejected(previousIndex: number, agreeableIndex: number): boolean {
    if (this.#state === 'snapshot' || previousIndex <= this.#matchIndex) return false;
    if (this.#state === 'probe' && previousIndex !== this.#nextIndex - 1) return false;
    if (previousIndex > this.#nextIndex - 1) return false;
    this.#become('probe');
    this.#nextIndex = Math.max(Math.min(agreeableIndex + 1, previousIndex), this.#matchIndex + 1);
    return true;
  }

  /** What was in flight may be lost: find out where the follower is. */
  probeAgain(): void {
    if (this.#state === 'snapshot') {
      this.isPaused = false;
      if (this.transfer !== undefined) this.transfer.phase = 'idle';
      return;
    }
    this.#become('probe');
    // Where nothing is known yet, the guess stays: going back to 1 would ask for the whole log.
    if (this.#matchIndex > 0) this.#nextIndex = this.#matchIndex + 1;
  }

  needsSnapshot(meta: SnapshotMeta, now: number): void {
    if (this.#state !== 'snapshot') this.#become('snapshot');
    this.transfer = { meta, offset: 0, phase: 'idle', length: 0, since: now };
  }

  /** The follower holds everything up to the snapshot's index. */
  installed(index: number): void {
    this.#become('probe');
    this.#matchIndex = Math.max(this.#matchIndex, index);
    this.#nextIndex = this.#matchIndex + 1;
  }

  /** Another life of the follower's storage: nothing that the old one said is true of it. */
  reborn(incarnation: number, nextIndex: number): void {
    this.incarnation = incarnation;
    this.isVouched = false;
    this.catchUp = undefined;
    this.#become('probe');
    this.#matchIndex = 0;
    this.#nextIndex = nextIndex;
    this.roundEchoed = 0;
  }

  validate(lastIndex: number): void {
    const facts = { member: this.member, match: this.#matchIndex, next: this.#nextIndex, lastIndex };
    invariant(this.#matchIndex < this.#nextIndex, 'next is above match', facts);
    invariant(this.#nextIndex <= lastIndex + 1, 'next is at most one after the log', facts);
    invariant(this.roundEchoed <= this.roundSent, 'no round is echoed before it is sent', facts);
    invariant(
      (this.transfer !== undefined) === (this.#state === 'snapshot'),
      'a transfer has its state',
      facts,
    );
    let bytes = 0;
    for (const message of this.#inFlight) bytes += message.bytes;
    invariant(bytes === this.#bytesInFlight, 'bytes in flight add up', facts);
    invariant(this.#state === 'replicate' || this.#inFlight.length === 0, 'only replicate pipelines', facts);
  }

  #become(state: 'probe' | 'replicate' | 'snapshot'): void {
    this.#state = state;
    this.isPaused = false;
    this.transfer = undefined;
    this.#inFlight = [];
    this.#bytesInFlight = 0;
  }

  #release(): void {
    let done = 0;
    for (const message of this.#inFlight) {
      if (message.lastIndex > this.#matchIndex) break;
      this.#bytesInFlight -= message.bytes;
      done += 1;
    }
    if (done > 0) this.#inFlight = this.#inFlight.slice(done);
  }
}
