import { describe, expect, test } from 'vitest';
import { create, Driver, reborn, remove, set } from './testing/driver.ts';

function zxids(driver: Driver, from: number): readonly number[] | 'compacted' {
  const transactions = driver.machine.transactionsAfter(from);
  return transactions === 'compacted' ? transactions : transactions.map(({ zxid }) => zxid);
}

describe('the history', () => {
  test('holds every transaction after a zxid, whole and in order, and nothing that changed nothing', () => {
    const driver = new Driver();
    const session = driver.open();
    driver.send(session, [create('/a', 1), set('/missing', 1), set('/a', 2), { kind: 'noop' }, remove('/a')]);
    expect(driver.machine.oldestZxid).toBe(0);
    expect(zxids(driver, 0)).toEqual([2, 4, 6]);
    expect(zxids(driver, 2)).toEqual([4, 6]);
    expect(zxids(driver, 3)).toEqual([4, 6]);
    expect(zxids(driver, 6)).toEqual([]);
    expect(zxids(driver, 99)).toEqual([]);
    const [first] = driver.machine.transactionsAfter(0) as readonly { changes: readonly unknown[] }[];
    expect(first?.changes).toMatchObject([{ path: '/a', before: undefined, after: { version: 0 } }]);
  });

  test('evicts whole transactions beyond its number of changes, and says from where one can resume', () => {
    const driver = new Driver();
    driver.configure({ historyChangesMax: 3 });
    const session = driver.open();
    const multi = { kind: 'multi', ops: [create('/a'), create('/b')], byteCount: 0 } as const;
    driver.send(session, [multi, create('/c')]);
    expect(zxids(driver, 0)).toEqual([3, 4]);
    expect(driver.machine.oldestZxid).toBe(0);
    driver.send(session, [create('/d')]);
    expect(driver.machine.oldestZxid).toBe(3);
    expect(zxids(driver, 2)).toBe('compacted');
    expect(zxids(driver, 3)).toEqual([4, 5]);
    driver.machine.validate();
  });

  test('evicts beyond its bytes, and a transaction that is too large alone leaves nothing', () => {
    const driver = new Driver();
    driver.configure({ historyBytesMax: 20 });
    const session = driver.open();
    driver.send(session, [create('/a', 'x'.repeat(9)), create('/b', 'x'.repeat(9))]);
    expect(zxids(driver, 0)).toEqual([3, 4]);
    driver.send(session, [set('/a', 'y'.repeat(19))]);
    expect(zxids(driver, 4)).toBe('compacted');
    expect(driver.machine.oldestZxid).toBe(5);
    expect(zxids(driver, 5)).toEqual([]);
    driver.machine.validate();
  });

  test('that is limited to nothing keeps nothing', () => {
    const driver = new Driver();
    driver.configure({ historyChangesMax: 0 });
    const session = driver.open();
    driver.send(session, [create('/a')]);
    expect(zxids(driver, 2)).toBe('compacted');
    expect(zxids(driver, 3)).toEqual([]);
  });

  test('shrinks when limits come after transactions', () => {
    const driver = new Driver();
    const session = driver.open();
    driver.send(session, [create('/a'), create('/b'), create('/c')]);
    driver.configure({ historyChangesMax: 1 });
    expect(zxids(driver, 3)).toEqual([4]);
    expect(driver.machine.oldestZxid).toBe(3);
    driver.machine.validate();
  });

  test('goes on evicting for long without growing', () => {
    const driver = new Driver();
    driver.configure({ historyChangesMax: 10 });
    const session = driver.open();
    driver.send(session, [create('/a')]);
    for (let count = 0; count < 5_000; count += 1) {
      driver.send(session, [set('/a', count)], { acknowledgedThrough: count });
      if (count % 700 === 0) driver.machine.digest();
    }
    expect(zxids(driver, driver.machine.oldestZxid)).toHaveLength(10);
    driver.machine.validate();
  });

  test('holds and evicts transactions of any length as a whole', () => {
    const driver = new Driver();
    const most = 1_000;
    driver.configure({ historyChangesMax: most });
    const session = driver.open();
    const sizes = [1, 255, 256, 257, 600, 3, 512, 1, 1, 900];
    const kept: { zxid: number; size: number }[] = [];
    for (const [index, size] of sizes.entries()) {
      const ops = Array.from({ length: size }, (_, at) => create(`/n${index}-${at}`));
      driver.send(session, [{ kind: 'multi', ops, byteCount: 0 }], { acknowledgedThrough: index });
      kept.push({ zxid: driver.machine.zxid, size });
      while (kept.reduce((sum, each) => sum + each.size, 0) > most) kept.shift();
      const held = driver.machine.transactionsAfter(driver.machine.oldestZxid);
      if (held === 'compacted') throw new RangeError('the oldest zxid can be resumed from');
      expect(held.map(({ zxid, changes }) => ({ zxid, size: changes.length }))).toEqual(kept);
      if (index % 3 === 0) driver.machine.digest();
      driver.machine.validate();
    }
  });

  test('survives a snapshot: a watch resumes where it was', () => {
    const driver = new Driver();
    driver.configure({ historyChangesMax: 3 });
    const session = driver.open();
    driver.send(session, [create('/a', 1), set('/a', 2), set('/a', 3), set('/a', 4), remove('/a')]);
    const restarted = new Driver(reborn(driver.machine));
    expect(restarted.machine.oldestZxid).toBe(driver.machine.oldestZxid);
    expect(zxids(restarted, 3)).toBe('compacted');
    expect(zxids(restarted, 4)).toEqual([5, 6, 7]);
    restarted.send(session, [create('/b')]);
    expect(zxids(restarted, 5)).toEqual([6, 7, 8]);
    restarted.machine.validate();
  });
});
