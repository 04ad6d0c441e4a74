import { describe, expect, test } from 'vitest';
import { create, Driver, remove, set } from './testing/driver.ts';

describe('reaping a container', () => {
  function withContainer(): { driver: Driver; session: { id: number; holder: number } } {
    const driver = new Driver();
    const session = driver.open();
    driver.send(session, [create('/c', 1, { createKind: 'container' })]);
    return { driver, session };
  }
  const pzxid = (driver: Driver): number => driver.machine.tree.get('/c')?.pzxid ?? 0;

  test('deletes one that is childless again, as a transaction', () => {
    const { driver, session } = withContainer();
    driver.send(session, [create('/c/x'), remove('/c/x')]);
    const { transactions } = driver.apply(
      driver.systemBatch({ kind: 'reap-container', path: '/c', pzxid: pzxid(driver) }),
    );
    expect(transactions.flatMap(({ changes }) => changes.map(({ path }) => path))).toEqual(['/c']);
    expect(driver.machine.tree.get('/c')).toBeUndefined();
  });

  test('leaves one that never had a child, has one, or had one since', () => {
    const { driver, session } = withContainer();
    const reap = (at: number): unknown => driver.system({ kind: 'reap-container', path: '/c', pzxid: at });
    expect(reap(pzxid(driver))).toMatchObject({ code: 'COMPARE_FAILED' });
    driver.send(session, [create('/c/x')]);
    expect(reap(pzxid(driver))).toMatchObject({ code: 'COMPARE_FAILED' });
    driver.send(session, [remove('/c/x')]);
    const stale = pzxid(driver);
    driver.send(session, [create('/c/x'), remove('/c/x')]);
    expect(reap(stale)).toMatchObject({ code: 'COMPARE_FAILED' });
    expect(reap(pzxid(driver))).toEqual({ kind: 'none' });
    expect(reap(1)).toMatchObject({ code: 'NO_NODE' });
  });

  test('leaves any other kind, and bad paths', () => {
    const { driver, session } = withContainer();
    driver.send(session, [create('/p'), create('/p/x'), remove('/p/x')]);
    const at = driver.machine.tree.get('/p')?.pzxid ?? 0;
    expect(driver.system({ kind: 'reap-container', path: '/p', pzxid: at })).toMatchObject({
      code: 'COMPARE_FAILED',
    });
    expect(driver.system({ kind: 'reap-container', path: '/p/', pzxid: at })).toMatchObject({
      code: 'BAD_ARGUMENTS',
    });
    expect(driver.system({ kind: 'reap-container', path: '/', pzxid: 1 })).toMatchObject({
      code: 'COMPARE_FAILED',
    });
  });
});

describe('reaping a TTL znode', () => {
  test('waits for its whole time, counted from its last change, by elapsed time alone', () => {
    const driver = new Driver();
    const session = driver.open();
    driver.send(session, [create('/t', 1, { createKind: 'ttl', ttlMs: 1_000 })]);
    const reap = (): unknown =>
      driver.system({ kind: 'reap-ttl', path: '/t', mzxid: driver.machine.tree.get('/t')?.mzxid ?? 0 });
    // A wall clock that is a day ahead deletes nothing.
    driver.wallMs += 86_400_000;
    expect(reap()).toMatchObject({ code: 'COMPARE_FAILED' });
    driver.elapsedMs = 999;
    expect(reap()).toMatchObject({ code: 'COMPARE_FAILED' });
    driver.send(session, [set('/t', 2)]);
    driver.elapsedMs = 1_998;
    expect(reap()).toMatchObject({ code: 'COMPARE_FAILED' });
    driver.elapsedMs = 1_999;
    expect(reap()).toEqual({ kind: 'none' });
  });

  test('leaves one that changed since it was named, or has a child', () => {
    const driver = new Driver();
    const session = driver.open();
    driver.send(session, [create('/t', 1, { createKind: 'ttl', ttlMs: 10 }), create('/t/x')]);
    driver.elapsedMs = 500;
    expect(driver.system({ kind: 'reap-ttl', path: '/t', mzxid: 2 })).toMatchObject({
      code: 'COMPARE_FAILED',
    });
    driver.send(session, [remove('/t/x'), set('/t', 1)]);
    driver.elapsedMs = 1_000;
    expect(driver.system({ kind: 'reap-ttl', path: '/t', mzxid: 2 })).toMatchObject({
      code: 'COMPARE_FAILED',
    });
    expect(driver.system({ kind: 'reap-ttl', path: '/t', mzxid: 6 })).toEqual({ kind: 'none' });
  });

  test('leaves one whose child came and went since: mzxid alone would not tell', () => {
    const driver = new Driver();
    const session = driver.open();
    driver.send(session, [create('/t', 1, { createKind: 'ttl', ttlMs: 100 })]);
    driver.elapsedMs = 150;
    driver.send(session, [create('/t/x'), remove('/t/x')]);
    expect(driver.system({ kind: 'reap-ttl', path: '/t', mzxid: 2 })).toMatchObject({
      code: 'COMPARE_FAILED',
    });
  });
});
