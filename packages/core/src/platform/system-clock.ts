/**
 * The platform's clock as the clock port. The few globals it takes are named here and looked up when a clock is
 * made, so the same code runs in Node, in workers and in browsers.
 */
import type { Clock, Timer } from '../ports/clock.ts';

/** What a timer of Node can do and a browser's, a plain number, cannot. */
interface ReferencedTimer {
  ref(): void;
  unref(): void;
}

interface MessagePortLike {
  addEventListener(event: 'message', listener: () => void): void;
  start(): void;
  postMessage(message: null): void;
  close(): void;
}

interface ClockPlatform {
  readonly performance: { now(): number };
  readonly Date: { now(): number };
  setInterval(callback: () => void, intervalMs: number): unknown;
  clearInterval(timer: unknown): void;
  setTimeout(callback: () => void, delayMs: number): unknown;
  readonly setImmediate?: (callback: () => void) => unknown;
  readonly MessageChannel?: new () => { readonly port1: MessagePortLike; readonly port2: MessagePortLike };
}

/** Real time. Its timers do not keep a process alive unless asked to. */
export function systemClock(): Clock {
  const platform = globalThis as unknown as ClockPlatform;
  return {
    now: () => platform.performance.now(),
    wallNow: () => platform.Date.now(),
    every: (intervalMs, callback) => startTimer(platform, intervalMs, callback),
    afterInput: afterInputOf(platform),
  };
}

function startTimer(platform: ClockPlatform, intervalMs: number, callback: () => void): Timer {
  const timer = platform.setInterval(callback, intervalMs);
  const referenced = isReferenced(timer) ? timer : undefined;
  referenced?.unref();
  return {
    cancel: () => platform.clearInterval(timer),
    keepAlive(alive) {
      if (alive) referenced?.ref();
      else referenced?.unref();
    },
  };
}

/**
 * setImmediate runs right after the poll for input, which is what is wanted. Elsewhere a message to oneself
 * queues behind the messages that have arrived; a time-out of 0 does too, but browsers stretch it to 4 ms.
 */
function afterInputOf(platform: ClockPlatform): Clock['afterInput'] {
  const { setImmediate, MessageChannel } = platform;
  if (setImmediate !== undefined) {
    return (callback) => {
      setImmediate(callback);
    };
  }
  if (MessageChannel === undefined) {
    return (callback) => {
      platform.setTimeout(callback, 0);
    };
  }
  return (callback) => {
    const { port1, port2 } = new MessageChannel();
    port1.addEventListener('message', () => {
      // An open port would keep the process and its channel alive.
      port1.close();
      callback();
    });
    port1.start();
    port2.postMessage(null);
  };
}

function isReferenced(timer: unknown): timer is ReferencedTimer {
  return typeof timer === 'object' && timer !== null && 'ref' in timer && 'unref' in timer;
}
