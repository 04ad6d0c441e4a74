import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from './system-clock.ts';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe('the clock of the platform', () => {
  it('is monotonic, and knows the time of day', () => {
    const clock = systemClock();
    const before = clock.now();
    expect(clock.now()).toBeGreaterThanOrEqual(before);
    expect(Math.abs(clock.wallNow() - Date.now())).toBeLessThan(1_000);
  });

  it('calls back at its interval until it is cancelled, which may happen twice', () => {
    vi.useFakeTimers();
    const callback = vi.fn<() => void>();
    const timer = systemClock().every(10, callback);
    vi.advanceTimersByTime(35);
    expect(callback).toHaveBeenCalledTimes(3);
    timer.cancel();
    timer.cancel();
    timer.keepAlive(true);
    vi.advanceTimersByTime(100);
    expect(callback).toHaveBeenCalledTimes(3);
  });

  it('keeps the process alive only when asked to', () => {
    const unref = vi.fn<() => void>();
    const ref = vi.fn<() => void>();
    vi.stubGlobal('setInterval', () => ({ ref, unref }));
    const timer = systemClock().every(10, () => undefined);
    expect([ref.mock.calls.length, unref.mock.calls.length]).toEqual([0, 1]);
    timer.keepAlive(true);
    expect([ref.mock.calls.length, unref.mock.calls.length]).toEqual([1, 1]);
    timer.keepAlive(false);
    expect([ref.mock.calls.length, unref.mock.calls.length]).toEqual([1, 2]);
  });

  it('copes with timers that are plain numbers', () => {
    vi.stubGlobal('setInterval', () => 5);
    const clearInterval = vi.fn<(timer: unknown) => void>();
    vi.stubGlobal('clearInterval', clearInterval);
    const timer = systemClock().every(10, () => undefined);
    timer.keepAlive(true);
    timer.cancel();
    expect(clearInterval).toHaveBeenCalledExactlyOnceWith(5);
  });

  for (const missing of [[], ['setImmediate'], ['setImmediate', 'MessageChannel']]) {
    it(`calls back after input, once and not at once, without [${missing.join()}]`, async () => {
      for (const name of missing) vi.stubGlobal(name, undefined);
      const clock = systemClock();
      const calls: string[] = [];
      await new Promise<void>((resolve) => {
        clock.afterInput(() => {
          calls.push('called');
          resolve();
        });
        calls.push('asked');
      });
      await new Promise((resolve) => setTimeout(resolve, 0));
      expect(calls).toEqual(['asked', 'called']);
    });
  }
});
