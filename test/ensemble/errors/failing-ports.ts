/** Ports of a peer that a test can break: each works until its fault is switched on. */
import { memoryStorage } from '@quorate/core';
import type { Clock, Logger, Storage, Transport } from '@quorate/core/ports';

/** How a broken port fails: at once, or by a promise that is rejected. */
export type Manner = 'throws' | 'rejects';

export interface Fault {
  isOn: boolean;
}

export const broken: Error = new Error('this port is broken');

export function fault(): Fault {
  return { isOn: false };
}

/** The port's functions as fields, so that a test replaces one by a spread. */
export function storageFields(storage: Storage): Storage {
  return {
    open: (owner) => storage.open(owner),
    write: (batch) => storage.write(batch),
    readSnapshot: (meta, range) => storage.readSnapshot(meta, range),
    close: () => storage.close(),
  };
}

export interface StorageFault {
  readonly fault: Fault;
  readonly of: keyof Storage;
  readonly manner: Manner;
}

export function breakableStorage({ fault: isBroken, of, manner }: StorageFault, inner?: Storage): Storage {
  const working = storageFields(inner ?? memoryStorage());
  const fail = (): Promise<never> => {
    if (manner === 'throws') throw broken;
    return Promise.reject(broken);
  };
  switch (of) {
    case 'open':
      return { ...working, open: (owner) => (isBroken.isOn ? fail() : working.open(owner)) };
    case 'write':
      return { ...working, write: (batch) => (isBroken.isOn ? fail() : working.write(batch)) };
    case 'readSnapshot':
      return {
        ...working,
        readSnapshot: (meta, range) => (isBroken.isOn ? fail() : working.readSnapshot(meta, range)),
      };
    case 'close':
      return { ...working, close: () => (isBroken.isOn ? fail() : working.close()) };
  }
}

/** Every write takes this long, while the fault is on. */
export function slowStorage(delayMs: number, isSlow: Fault = { isOn: true }): Storage {
  const inner = storageFields(memoryStorage());
  return {
    ...inner,
    write: async (batch) => {
      await inner.write(batch);
      if (!isSlow.isOn) return;
      await new Promise((resolve) => {
        setTimeout(resolve, delayMs);
      });
    },
  };
}

/** No write is answered while the fault is on. */
export function heldStorage(isHeld: Fault): Storage {
  const inner = storageFields(memoryStorage());
  return {
    ...inner,
    write: async (batch) => {
      await inner.write(batch);
      while (isHeld.isOn) {
        await new Promise((resolve) => {
          setTimeout(resolve, 2);
        });
      }
    },
  };
}

/** Real time, until one of its functions throws. */
export function breakableClock(isBroken: Fault, of: keyof Clock | 'now: NaN'): Clock {
  const failIf = (name: keyof Clock): void => {
    if (isBroken.isOn && of === name) throw broken;
  };
  return {
    now: () => {
      failIf('now');
      return isBroken.isOn && of === 'now: NaN' ? Number.NaN : performance.now();
    },
    wallNow: () => {
      failIf('wallNow');
      return Date.now();
    },
    every: (intervalMs, callback) => {
      failIf('every');
      const timer = setInterval(callback, intervalMs);
      return { cancel: () => clearInterval(timer), keepAlive: () => undefined };
    },
    afterInput: (callback) => {
      failIf('afterInput');
      setImmediate(callback);
    },
  };
}

export function breakableTransport(
  inner: Transport,
  { fault: isBroken, of, manner }: { fault: Fault; of: 'start' | 'send' | 'close'; manner: Manner },
): Transport {
  const fail = (): Promise<never> => {
    if (manner === 'throws') throw broken;
    return Promise.reject(broken);
  };
  return {
    start: (owner, events) => (of === 'start' && isBroken.isOn ? fail() : inner.start(owner, events)),
    send: (to, bytes) => {
      if (of === 'send' && isBroken.isOn) throw broken;
      return inner.send(to, bytes);
    },
    close: (options) => (of === 'close' && isBroken.isOn ? fail() : inner.close(options)),
  };
}

/** Throws whatever it is told. */
export function throwingLogger(): Logger {
  const fail = (): never => {
    throw broken;
  };
  return { debug: fail, info: fail, warn: fail, error: fail };
}
