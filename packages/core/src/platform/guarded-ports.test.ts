import { describe, expect, test } from 'vitest';
import type { Clock } from '../ports/clock.ts';
import { reasonOf, withOutcome, stopped } from '../peer/failures.ts';
import { guardClock, guardLogger } from './guarded-ports.ts';

const broken = new Error('broken');

function fail(): never {
  throw broken;
}

const brokenClock: Clock = { now: fail, wallNow: fail, every: fail, afterInput: fail };

describe('guardClock', () => {
  test('passes everything through while the clock works', () => {
    const called: string[] = [];
    let nowMs = 5;
    const clock = guardClock(
      {
        now: () => nowMs,
        wallNow: () => nowMs + 1,
        every: (intervalMs, callback) => {
          called.push(`every ${intervalMs}`);
          callback();
          return {
            cancel: () => void called.push('cancel'),
            keepAlive: (alive) => void called.push(`keepAlive ${alive}`),
          };
        },
        afterInput: (callback) => callback(),
      },
      fail,
    );
    expect([clock.now(), clock.wallNow()]).toEqual([5, 6]);
    nowMs = 3;
    expect(clock.now()).toBe(3);
    const timer = clock.every(10, () => void called.push('tick'));
    timer.keepAlive(true);
    timer.cancel();
    clock.afterInput(() => void called.push('after'));
    expect(called).toEqual(['every 10', 'tick', 'keepAlive true', 'cancel', 'after']);
  });

  test.each([
    ['now', (clock: Clock) => clock.now()],
    ['wallNow', (clock: Clock) => clock.wallNow()],
    ['every', (clock: Clock) => clock.every(1, () => undefined).cancel()],
    ['afterInput', (clock: Clock) => clock.afterInput(() => undefined)],
  ])('tells a failure of %s later, and never throws', async (_name, call) => {
    const told: unknown[] = [];
    const clock = guardClock(brokenClock, (cause) => void told.push(cause));
    call(clock);
    expect(told).toEqual([]);
    await Promise.resolve();
    expect(told).toEqual([broken]);
  });

  test.each([Number.NaN, Infinity])('takes %s for a failure, and stands where it was', async (value) => {
    const told: unknown[] = [];
    let nowMs = 7;
    const clock = guardClock({ ...brokenClock, now: () => nowMs }, (cause) => void told.push(cause));
    clock.now();
    nowMs = value;
    expect(clock.now()).toBe(7);
    await Promise.resolve();
    expect(told).toEqual([expect.any(RangeError)]);
  });
});

test('guardLogger passes on what is said, and drops what is thrown', () => {
  const said: unknown[] = [];
  const say = (facts: object, message: string): void => void said.push([facts, message]);
  const logger = guardLogger({ debug: say, info: say, warn: fail, error: say });
  for (const level of ['debug', 'info', 'warn', 'error'] as const) logger[level]({ level }, 'message');
  expect(said).toEqual(['debug', 'info', 'error'].map((level) => [{ level }, 'message']));
});

describe('failures', () => {
  test.each([
    [new Error('disk full'), 'disk full'],
    [new Error(''), 'no reason was given'],
    ['a text', 'a text'],
    [undefined, 'undefined'],
    [Symbol('x'), 'Symbol(x)'],
    [Object.create(null), 'what was thrown cannot be shown'],
  ])('%# are told in words, whatever was thrown', (cause, reason) => {
    expect(reasonOf(cause)).toBe(reason);
  });

  test('keep everything but their outcome for another call', () => {
    const failure = stopped('FATAL', broken);
    expect(withOutcome(failure, 'unknown')).toBe(failure);
    const other = withOutcome(failure, 'not-applied');
    expect(other).toMatchObject({ code: 'FATAL', outcome: 'not-applied', cause: broken });
    expect([other.message, other.details]).toEqual([failure.message, failure.details]);
  });
});
