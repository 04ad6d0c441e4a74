/**
 * Ports that are called where nothing of this library stands below to catch what they throw (a timer's callback,
 * a microtask, a getter of the host). The host comes first: what such a port throws is this peer's failure,
 * told a microtask later, so that whoever called the port finishes in a state that can be ended.
 */
import type { Clock, Timer } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';

/** A clock that stands still when it fails. `failed` hears of it. */
export function guardClock(clock: Clock, failed: (cause: unknown) => void): Clock {
  const report = (cause: unknown): void => queueMicrotask(() => failed(cause));
  const attempt = (work: () => void): void => {
    try {
      work();
    } catch (cause) {
      report(cause);
    }
  };
  const standing = (read: () => number): (() => number) => {
    let last = 0;
    // Not by `attempt`: every call of a session asks for the time, and a closure for each costs more than the answer.
    return () => {
      try {
        const now = read();
        // What is no number would compare as "not yet" for ever: no deadline would end any more.
        if (Number.isFinite(now)) last = now;
        else report(new RangeError(`the clock shows ${now}`));
      } catch (cause) {
        report(cause);
      }
      return last;
    };
  };
  return {
    now: standing(() => clock.now()),
    wallNow: standing(() => clock.wallNow()),
    every(intervalMs, callback) {
      let timer: Timer | undefined;
      attempt(() => {
        timer = clock.every(intervalMs, callback);
      });
      return {
        cancel: () => attempt(() => timer?.cancel()),
        keepAlive: (alive) => attempt(() => timer?.keepAlive(alive)),
      };
    },
    afterInput: (callback) => attempt(() => clock.afterInput(callback)),
  };
}

/** A logger that never throws: what it has to say about itself has nowhere to go. */
export function guardLogger(logger: Logger): Logger {
  const attempt = (write: () => void): void => {
    try {
      write();
    } catch {
      // Dropped: see above.
    }
  };
  return {
    debug: (facts, message) => attempt(() => logger.debug(facts, message)),
    info: (facts, message) => attempt(() => logger.info(facts, message)),
    warn: (facts, message) => attempt(() => logger.warn(facts, message)),
    error: (facts, message) => attempt(() => logger.error(facts, message)),
  };
}
