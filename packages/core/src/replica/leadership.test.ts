import { describe, expect, test } from 'vitest';
import { create, Driver } from '../machine/testing/driver.ts';
import { Leadership } from './leadership.ts';

const tickMs = 10;
const heartbeatTicks = 5;
/** Of a session of 1,000 ms, and the tick that the opening may have lost. */
const timeoutTicks = 101;

function begin(): { driver: Driver; leadership: Leadership; sessionId: number } {
  const driver = new Driver();
  driver.configure({});
  const sessionId = driver.open(1, 1_000).id;
  driver.open(2, Infinity);
  const leadership = new Leadership({ raft: { tickMs, heartbeatTicks } });
  leadership.begin(driver.machine.sessions(), 0);
  return { driver, leadership, sessionId };
}

function dueAt(leadership: Leadership, driver: Driver, tick: number): readonly string[] {
  return leadership.due(driver.machine, { tick, elapsedMs: driver.elapsedMs }).ops.map(({ kind }) => kind);
}

describe('Leadership', () => {
  test('grants every session a full time-out, and proposes the end of those that stay silent', () => {
    const { driver, leadership } = begin();
    expect(dueAt(leadership, driver, timeoutTicks - 1)).toEqual([]);
    expect(dueAt(leadership, driver, timeoutTicks - 1 + heartbeatTicks)).toEqual(['expire-session']);
  });

  test('looks once a heartbeat', () => {
    const { driver, leadership } = begin();
    expect(dueAt(leadership, driver, timeoutTicks - 1)).toEqual([]);
    expect(dueAt(leadership, driver, timeoutTicks - 2 + heartbeatTicks)).toEqual([]);
    expect(dueAt(leadership, driver, timeoutTicks - 1 + heartbeatTicks)).toHaveLength(1);
  });

  test('counts a confirmed touch from its arrival, and a write from its apply', () => {
    const { driver, leadership, sessionId } = begin();
    const touch = { kind: 'touch', from: 'b', id: 1, sessions: [sessionId, 999], arrivedTick: 50 } as const;
    expect(leadership.touch(touch, driver.machine)).toEqual([sessionId]);
    expect(dueAt(leadership, driver, 50 + timeoutTicks - 1)).toEqual([]);
    const replies = { kind: 'replies', sessionId, holder: 1, firstRequest: 1, replies: [] } as const;
    leadership.observe([{ items: [replies], index: 9 }], 150);
    expect(dueAt(leadership, driver, 150 + timeoutTicks - 1)).toEqual([]);
    expect(dueAt(leadership, driver, 150 + timeoutTicks + heartbeatTicks)).toEqual(['expire-session']);
  });

  test('confirms no touch of a session whose expiry is in the log', () => {
    const { driver, leadership, sessionId } = begin();
    const tick = timeoutTicks + heartbeatTicks;
    const due = leadership.due(driver.machine, { tick, elapsedMs: 0 });
    expect(due.expiring).toEqual([sessionId]);
    leadership.proposed(due, 50);
    const touch = { kind: 'touch', from: 'b', id: 1, sessions: [sessionId], arrivedTick: tick } as const;
    expect(leadership.touch(touch, driver.machine)).toEqual([]);
    expect(dueAt(leadership, driver, tick + heartbeatTicks)).toEqual([]);
  });

  test('is over with the leadership: nothing is confirmed any more', () => {
    const { driver, leadership, sessionId } = begin();
    leadership.end();
    const touch = { kind: 'touch', from: 'b', id: 1, sessions: [sessionId], arrivedTick: 1 } as const;
    expect(leadership.touch(touch, driver.machine)).toEqual([]);
  });

  test('forgets a session that ended, and learns of one that was opened', () => {
    const { driver, leadership, sessionId } = begin();
    const ended = { kind: 'session-ended', sessionId, code: 'SESSION_CLOSED' } as const;
    leadership.observe([{ items: [ended], index: 9 }], 10);
    const opened = driver.apply(
      driver.systemBatch({ kind: 'open-session', secretHash: new Uint8Array(32).fill(9), timeoutMs: 1_000 }),
    );
    leadership.observe([{ items: opened.items, index: 10 }], 20);
    expect(dueAt(leadership, driver, 20 + timeoutTicks - 1)).toEqual([]);
    const due = leadership.due(driver.machine, { tick: 20 + timeoutTicks + heartbeatTicks, elapsedMs: 0 });
    expect(due.expiring).toHaveLength(1);
    expect(due.expiring).not.toContain(sessionId);
  });

  test('proposes what is due in the tree, and waits for its last proposals', () => {
    const { driver, leadership } = begin();
    const session = driver.open(3, Infinity);
    driver.ask(session, create('/ttl', 1, { createKind: 'ttl', ttlMs: 100 }));
    driver.elapsedMs = 5_000;
    const due = leadership.due(driver.machine, { tick: heartbeatTicks, elapsedMs: 5_000 });
    expect(due.ops).toMatchObject([{ kind: 'reap-ttl', path: '/ttl' }]);
    leadership.proposed(due, driver.machine.appliedIndex + 1);
    expect(dueAt(leadership, driver, 2 * heartbeatTicks)).toEqual([]);
    const op = due.ops[0];
    if (op !== undefined) driver.system(op);
    expect(dueAt(leadership, driver, 3 * heartbeatTicks)).toEqual([]);
    expect(driver.machine.tree.get('/ttl')).toBeUndefined();
  });
});
