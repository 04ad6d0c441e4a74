/** The clock port. The brain never sees it: the runtime turns it into ticks and stamps. */

/** A callback that is still to come. */
export interface Timer {
  cancel(): void;
  /** Whether this timer keeps the process alive. A no-op where a platform cannot say. */
  keepAlive(alive: boolean): void;
}

/** Where a peer reads the time and asks to be called back; a simulator hands in its own. */
export interface Clock {
  /** Monotonic milliseconds from an arbitrary start; fractions are welcome. */
  now(): number;
  /** Milliseconds since 1970; may jump. */
  wallNow(): number;
  /** Calls back every `intervalMs` milliseconds until cancelled. */
  every(intervalMs: number, callback: () => void): Timer;
  /** Calls back once, after input that has already arrived has been read. */
  afterInput(callback: () => void): void;
}
