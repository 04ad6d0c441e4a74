import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { allInvariants } from './all.ts';
import { storm } from './testing/storm.ts';

describe('all invariants', () => {
  test('have names of their own, a statement and a source', () => {
    const names = allInvariants.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { statement, source } of allInvariants) {
      expect(statement).toMatch(/\.$/);
      expect(source).not.toBe('');
    }
  });

  test('are the ones that the documentation lists, in its order', () => {
    const page = new URL('../../../../docs/internals/invariants.md', import.meta.url);
    const [listed = ''] = readFileSync(page, 'utf8').split('## What cannot be asked yet');
    const rows = [...listed.matchAll(/^\| ([A-Z]\w+) +\| (.*?) +\|/gm)];
    const documented = rows.map(([, name, statement]) => ({ name, statement }));
    const stated = allInvariants.map(({ name, statement }) => ({ name, statement }));
    expect(documented.filter(({ name }) => name !== 'Invariant')).toEqual(stated);
  });

  // Some seconds of work, and more where many share a machine.
  test.each([1, 2])('hold in storm %d', { timeout: 120_000 }, async (seed) => {
    const { durationMs, faults } = await storm(seed, allInvariants);
    expect(durationMs).toBeGreaterThan(10_000);
    expect(faults.crash).toBeGreaterThanOrEqual(0);
  });
});
