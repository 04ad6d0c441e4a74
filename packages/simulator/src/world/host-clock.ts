/**
 * A host's clock: the world's time seen through an offset, a rate and a wall that may jump. It survives the
 * process, as a machine's clock does. The clock port of one life counts on it.
 */
import type { Clock, Timer } from '@quorate/core/ports';
import { clockRatePpmMax, loopTurnUs, worldEpochMs } from '../limits.ts';
import { badArgument } from './bad-argument.ts';
import type { Task } from './agenda.ts';
import type { FaultKind } from './faults.ts';
import type { Life } from './life.ts';
import type { RandomStream } from './random-stream.ts';
import { plainTask, type Time } from './time.ts';

const rateScale = 1_000_000;

/** What a clock starts with. */
export interface HostClockOptions {
  /** What the monotonic clock shows at first, in microseconds. */
  readonly startUs: number;
  readonly faulted: (kind: FaultKind) => void;
}

/** The clock of one host. */
export class HostClock {
  readonly #time: Time;
  readonly #faulted: (kind: FaultKind) => void;
  /** The local time at the anchor; both in microseconds. */
  #localUs: number;
  #anchorUs: number;
  #ratePpm = 0;
  #wallOffsetMs = 0;

  constructor(time: Time, options: HostClockOptions) {
    const { startUs, faulted } = options;
    this.#time = time;
    this.#faulted = faulted;
    this.#localUs = startUs;
    this.#anchorUs = time.nowUs;
  }

  /** Parts per million by which this clock is fast; negative: slow. */
  get ratePpm(): number {
    return this.#ratePpm;
  }

  set ratePpm(ratePpm: number) {
    if (!Number.isInteger(ratePpm) || Math.abs(ratePpm) > clockRatePpmMax) {
      throw badArgument('ratePpm', `an integer from -${clockRatePpmMax} to ${clockRatePpmMax}`);
    }
    this.#localUs = this.localUs();
    this.#anchorUs = this.#time.nowUs;
    this.#ratePpm = ratePpm;
    this.#faulted('clock-rate');
  }

  /** Milliseconds by which the wall clock is ahead of the world's. Setting it is a jump; the monotonic clock goes on. */
  get wallOffsetMs(): number {
    return this.#wallOffsetMs;
  }

  set wallOffsetMs(offsetMs: number) {
    if (!Number.isSafeInteger(offsetMs)) throw badArgument('offsetMs', 'an integer of milliseconds');
    this.#wallOffsetMs = offsetMs;
    this.#faulted('clock-jump');
  }

  /** The monotonic clock, in microseconds. */
  localUs(): number {
    const elapsedUs = this.#time.nowUs - this.#anchorUs;
    if (this.#ratePpm === 0) return this.#localUs + elapsedUs;
    return this.#localUs + elapsedUs + Math.floor((elapsedUs * this.#ratePpm) / rateScale);
  }

  wallMs(): number {
    return worldEpochMs + this.#wallOffsetMs + Math.floor(this.localUs() / 1_000);
  }

  /** Microseconds of the world in which this clock advances by `localUs`, rounded up. */
  worldUs(localUs: number): number {
    if (this.#ratePpm === 0) return localUs;
    return Math.ceil((localUs * rateScale) / (rateScale + this.#ratePpm));
  }
}

/** How the timers of a host behave. */
export interface TimerConditions {
  /** A timer fires up to so many microseconds late; each is drawn. */
  latenessUsMax: number;
}

/** What the clock of one life is made of. */
export interface LifeClockOptions {
  readonly time: Time;
  readonly life: Life;
  readonly hostClock: HostClock;
  readonly conditions: TimerConditions;
  readonly lateness: RandomStream;
}

/** The clock port of one life. */
export class LifeClock implements Clock {
  readonly #options: LifeClockOptions;

  constructor(options: LifeClockOptions) {
    this.#options = options;
  }

  now(): number {
    return this.#options.hostClock.localUs() / 1_000;
  }

  wallNow(): number {
    return this.#options.hostClock.wallMs();
  }

  every(intervalMs: number, callback: () => void): Timer {
    return new LifeTimer(this.#options, { callback, intervalUs: microsOf(intervalMs), isRepeated: true });
  }

  /**
   * A turn of the event loop later. What arrives earlier is read earlier; what a suspended process has not read
   * yet was held back before this callback was asked for, so it comes before it as well.
   */
  afterInput(callback: () => void): void {
    const { life, time } = this.#options;
    if (life.isDead) return;
    const atUs = time.nowUs + loopTurnUs;
    time.add({ ...plainTask, atUs, kind: 'after-input', life, run: callback });
  }

  /** Calls back once; for the processes' own code. */
  once(delayMs: number, callback: () => void): Timer {
    return new LifeTimer(this.#options, { callback, intervalUs: microsOf(delayMs), isRepeated: false });
  }
}

interface TimerPlan {
  readonly callback: () => void;
  readonly intervalUs: number;
  readonly isRepeated: boolean;
}

/** A timer is its own task, planned again each time it fires: it is the most frequent thing in a world. */
class LifeTimer implements Timer, Task {
  atUs = 0;
  sequence = 0;
  isCancelled = false;
  readonly kind = 'timer';
  readonly isTimer = true;
  readonly payload = 0;
  readonly life: Life;
  readonly #options: LifeClockOptions;
  readonly #plan: TimerPlan;

  constructor(options: LifeClockOptions, plan: TimerPlan) {
    this.life = options.life;
    this.#options = options;
    this.#plan = plan;
    if (!options.life.isDead) this.#schedule();
  }

  cancel(): void {
    this.isCancelled = true;
  }

  /** A simulated process lives until it is ended. */
  keepAlive(): void {}

  run(): void {
    // As setInterval does: the next interval begins when this one has been noticed, and none is made up for.
    if (this.#plan.isRepeated) this.#schedule();
    this.#plan.callback();
  }

  #schedule(): void {
    const { time, hostClock, conditions, lateness } = this.#options;
    const lateUs = conditions.latenessUsMax === 0 ? 0 : lateness.below(conditions.latenessUsMax + 1);
    this.atUs = time.nowUs + hostClock.worldUs(this.#plan.intervalUs) + lateUs;
    time.add(this);
  }
}

/** At least one, as no timer fires at once. */
function microsOf(milliseconds: number): number {
  if (!Number.isFinite(milliseconds) || milliseconds < 0) {
    throw badArgument('delayMs', `a number of at least 0, not ${milliseconds}`);
  }
  return Math.max(1, Math.round(milliseconds * 1_000));
}
