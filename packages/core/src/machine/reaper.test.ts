import { fc } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import type { Machine } from './machine.ts';
import { dueTime } from './reaper.ts';
import { create, Driver, reborn, remove, set } from './testing/driver.ts';
import { smallLimits, stepBytes, workload } from './testing/workload.ts';

function ttl(path: string, ttlMs: number): ReturnType<typeof create> {
  return create(path, 1, { createKind: 'ttl', ttlMs });
}

function duePaths(machine: Machine, elapsedMs: number, max = 100): readonly string[] {
  return machine.dueReaps(elapsedMs, max).map((op) => ('path' in op ? op.path : op.kind));
}

describe('a TTL znode', () => {
  test('is due once its time has passed, and not before', () => {
    const driver = new Driver();
    driver.send(driver.open(), [ttl('/t', 1_000)]);
    expect(driver.machine.dueReaps(999, 10)).toEqual([]);
    expect(driver.machine.dueReaps(1_100, 10)).toEqual([{ kind: 'reap-ttl', path: '/t', mzxid: 2 }]);
  });

  test('that was changed meanwhile is due that much later', () => {
    const driver = new Driver();
    const session = driver.open();
    driver.send(session, [ttl('/t', 1_000)]);
    driver.elapsedMs = 800;
    driver.send(session, [set('/t', 2)]);
    expect(duePaths(driver.machine, 1_500)).toEqual([]);
    expect(duePaths(driver.machine, 1_750)).toEqual([]);
    expect(duePaths(driver.machine, 1_900)).toEqual(['/t']);
  });

  test('with children is not due until the last of them is gone', () => {
    const driver = new Driver();
    const session = driver.open();
    driver.send(session, [ttl('/t', 1_000), create('/t/x')]);
    expect(duePaths(driver.machine, 5_000)).toEqual([]);
    driver.elapsedMs = 6_000;
    driver.send(session, [remove('/t/x')]);
    expect(duePaths(driver.machine, 6_950)).toEqual([]);
    expect(duePaths(driver.machine, 7_100)).toEqual(['/t']);
  });

  test('that is deleted and made again counts anew, also with a shorter time', () => {
    const driver = new Driver();
    const session = driver.open();
    driver.send(session, [ttl('/t', 60_000), remove('/t'), ttl('/t', 300)]);
    expect(duePaths(driver.machine, 400)).toEqual(['/t']);
  });
});

describe('a container', () => {
  test('is due after its grace, counted from its last child, and never before its first', () => {
    const driver = new Driver();
    driver.configure({ containerGraceMs: 2_000 });
    const session = driver.open();
    driver.send(session, [create('/c', 1, { createKind: 'container' })]);
    expect(duePaths(driver.machine, 50_000)).toEqual([]);
    driver.send(session, [create('/c/x', 1, { createKind: 'ephemeral' })]);
    expect(duePaths(driver.machine, 90_000)).toEqual([]);
    driver.elapsedMs = 100_000;
    driver.send(session, [{ kind: 'close' }]);
    expect(duePaths(driver.machine, 101_900)).toEqual([]);
    const pzxid = driver.machine.tree.get('/c')?.pzxid ?? 0;
    expect(driver.machine.dueReaps(102_100, 10)).toEqual([{ kind: 'reap-container', path: '/c', pzxid }]);
  });

  test('that got a child again is not due', () => {
    const driver = new Driver();
    driver.configure({ containerGraceMs: 100 });
    const session = driver.open();
    driver.send(session, [
      create('/c', 1, { createKind: 'container' }),
      create('/c/x'),
      remove('/c/x'),
      create('/c/y'),
    ]);
    expect(duePaths(driver.machine, 10_000)).toEqual([]);
  });
});

describe('what is due', () => {
  test('is named at most so many at a time, and each again only after a while', () => {
    const driver = new Driver();
    driver.send(
      driver.open(),
      ['/a', '/b', '/c'].map((path) => ttl(path, 100)),
    );
    expect(duePaths(driver.machine, 1_000, 0)).toEqual([]);
    expect(duePaths(driver.machine, 1_000, 2)).toEqual(['/a', '/b']);
    expect(duePaths(driver.machine, 1_000, 2)).toEqual(['/c']);
    expect(duePaths(driver.machine, 1_000, 2)).toEqual([]);
    expect(duePaths(driver.machine, 5_900, 5)).toEqual([]);
    expect(duePaths(driver.machine, 6_100, 5)).toEqual(['/a', '/b', '/c']);
  });

  test('is not named any more once it is gone', () => {
    const driver = new Driver();
    driver.send(driver.open(), [ttl('/a', 100)]);
    driver.elapsedMs = 300;
    const [op] = driver.machine.dueReaps(300, 5);
    if (op === undefined) throw new TypeError('a reap was expected');
    expect(driver.system(op)).toEqual({ kind: 'none' });
    expect(duePaths(driver.machine, 99_999)).toEqual([]);
  });

  test('is known again after a snapshot', () => {
    const driver = new Driver();
    driver.configure({ containerGraceMs: 500 });
    const session = driver.open();
    driver.send(session, [
      ttl('/t', 100),
      create('/c', 1, { createKind: 'container' }),
      create('/c/x'),
      remove('/c/x'),
    ]);
    const restarted = reborn(driver.machine);
    expect(duePaths(restarted, 400)).toEqual(['/t']);
    expect(duePaths(restarted, 700)).toEqual(['/c']);
  });
});

test('what is due is what a scan over all znodes finds, live and restored', () => {
  fc.assert(
    fc.property(workload, fc.nat(1_500), (steps, later) => {
      const driver = new Driver();
      driver.configure(smallLimits);
      for (const secret of [1, 2, 3]) driver.open(secret);
      for (const step of steps) {
        const body = stepBytes(driver, step);
        if (body !== undefined) driver.applyBody(body);
      }
      const { machine } = driver;
      // Buckets are looked at when they are over: round to their end.
      const elapsedMs = Math.floor((machine.elapsedMs + later) / 100) * 100;
      const expected = Array.from(machine.tree.walk('/')).flatMap((record) => {
        const dueMs = dueTime(record, machine.limits.containerGraceMs);
        return dueMs !== undefined && Math.floor(dueMs / 100) * 100 + 100 <= elapsedMs ? [record.path] : [];
      });
      const restored = reborn(machine);
      expect([...duePaths(restored, elapsedMs)].sort()).toEqual(expected.sort());
      expect([...duePaths(machine, elapsedMs)].sort()).toEqual(expected);
    }),
    { numRuns: 150 },
  );
});
