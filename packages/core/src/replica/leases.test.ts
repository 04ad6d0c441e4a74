import { describe, expect, it } from 'vitest';
import { Leases, ticksForLeases } from './leases.ts';

const tickMs = 10;
/** 1,000 ms are 100 ticks, and one more because the opening may fall anywhere within its tick. */
const timeoutTicks = 101;

function leases(): Leases {
  const made = new Leases(tickMs);
  made.reset([], 0);
  return made;
}

/** Looks once a tick, as a leader does; answers the first tick at which `sessionId` is due. */
function firstDueTick(subject: Leases, sessionId: number, from: number): number | undefined {
  for (let tick = from; tick < from + 1_000; tick += 1)
    if (subject.due(tick, 0).includes(sessionId)) return tick;
  return undefined;
}

describe('leases', () => {
  it('a silent session is due after its whole time-out and not a tick before', () => {
    const subject = leases();
    subject.grant(7, 1_000, 0);
    expect(subject.due(timeoutTicks - 1, 0)).toEqual([]);
    expect(subject.due(timeoutTicks, 0)).toEqual([7]);
  });

  it('hearing of a session moves its expiry by as much', () => {
    const subject = leases();
    subject.grant(7, 1_000, 0);
    subject.heard(7, 60);
    expect(firstDueTick(subject, 7, 1)).toBe(60 + timeoutTicks);
  });

  it('a touch that arrives late in another order never shortens a lease', () => {
    const subject = leases();
    subject.grant(7, 1_000, 0);
    subject.heard(7, 60);
    subject.heard(7, 20);
    expect(firstDueTick(subject, 7, 1)).toBe(60 + timeoutTicks);
  });

  it('a new leader grants every session a full time-out', () => {
    const subject = leases();
    subject.grant(7, 1_000, 0);
    const view = {
      sessionId: 7,
      timeoutMs: 1_000,
      holder: 1,
      lastRequest: 0,
      ephemeralsCount: 0,
      openedAtMs: 0,
    };
    subject.reset([view], 90);
    expect(firstDueTick(subject, 7, 91)).toBe(90 + timeoutTicks);
  });

  it('a lasting session is never due', () => {
    const subject = leases();
    subject.grant(7, Number.POSITIVE_INFINITY, 0);
    expect(firstDueTick(subject, 7, 1)).toBeUndefined();
  });

  it('a session whose expiry is in the log is not named again, and its touches do not count', () => {
    const subject = leases();
    subject.grant(7, 1_000, 0);
    expect(subject.due(timeoutTicks, 0)).toEqual([7]);
    subject.markExpiring(7, 12);
    expect(subject.isExpiring(7)).toBe(true);
    expect(subject.due(timeoutTicks + 1, 11)).toEqual([]);
    expect(subject.isExpiring(7)).toBe(true);
  });

  it('a session whose expiry was rejected by apply gets a full time-out again', () => {
    const subject = leases();
    subject.grant(7, 1_000, 0);
    subject.due(timeoutTicks, 0);
    subject.markExpiring(7, 12);
    expect(subject.due(timeoutTicks + 1, 12)).toEqual([]);
    expect(subject.isExpiring(7)).toBe(false);
    expect(firstDueTick(subject, 7, timeoutTicks + 2)).toBe(timeoutTicks + 1 + timeoutTicks);
  });

  it('a session that was named but not proposed is named again at the next look', () => {
    const subject = leases();
    subject.grant(7, 1_000, 0);
    expect(subject.due(timeoutTicks, 0)).toEqual([7]);
    expect(subject.due(timeoutTicks + 1, 0)).toEqual([7]);
  });

  it('a session that ended is forgotten', () => {
    const subject = leases();
    subject.grant(7, 1_000, 0);
    subject.forget(7);
    expect(firstDueTick(subject, 7, 1)).toBeUndefined();
  });
});

it('a stall of the leader counts as one tick: what was heard right after it was heard no earlier', () => {
  const heartbeatTicks = 10;
  expect([1, 2, 9].map((count) => ticksForLeases(count, heartbeatTicks))).toEqual([1, 2, 9]);
  expect([10, 154, 100_000].map((count) => ticksForLeases(count, heartbeatTicks))).toEqual([1, 1, 1]);
});
