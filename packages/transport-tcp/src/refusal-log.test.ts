import type { RefusedConnection } from '@quorate/core/ports';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { refusalMsMin, refusalsRememberedMax } from './limits.ts';
import { refusal } from './refusal.ts';
import { RefusalLog } from './refusal-log.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function setup(): { log: RefusalLog; told: RefusedConnection[]; warnings: object[] } {
  const told: RefusedConnection[] = [];
  const warnings: object[] = [];
  const ignore = (): void => undefined;
  const logger = {
    debug: ignore,
    info: ignore,
    error: ignore,
    warn: (facts: object) => void warnings.push(facts),
  };
  return { log: new RefusalLog(new Set(['b', 'c']), logger, (facts) => told.push(facts)), told, warnings };
}

const wrongKey = refusal('credentials', 'it holds another key');

describe('RefusalLog', () => {
  it('tells of a refusal once a minute for an address and kind, with the count of the others', () => {
    const { log, told, warnings } = setup();
    const facts = { member: 'b', host: '10.0.0.9', refusal: wrongKey };
    for (let port = 1; port <= 5; port += 1) log.add({ ...facts, address: `10.0.0.9:${port}` });
    expect([told.length, warnings.length]).toEqual([1, 1]);
    vi.advanceTimersByTime(refusalMsMin);
    log.add({ ...facts, address: '10.0.0.9:6' });
    expect(warnings).toMatchObject([{ silentCount: 0 }, { silentCount: 4, address: '10.0.0.9:6' }]);
    expect(told).toHaveLength(2);
  });

  it('tells of another address, another kind and another known member', () => {
    const { log, told } = setup();
    const facts = { member: 'b', host: 'x', address: 'x:1', refusal: wrongKey };
    log.add(facts);
    log.add({ ...facts, host: 'y' });
    log.add({ ...facts, refusal: refusal('replayed', 'r') });
    log.add({ ...facts, member: 'c' });
    expect(told).toHaveLength(4);
  });

  it('does not let a stranger fill it with names that he makes up', () => {
    const { log, told } = setup();
    for (let name = 0; name < 100; name += 1) {
      const reason = `"${name}" is no member here`;
      log.add({ member: `${name}`, host: 'x', address: 'x:1', refusal: refusal('unknown-member', reason) });
    }
    expect(told).toHaveLength(1);
  });

  it('remembers a bounded number, the newest', () => {
    const { log, told } = setup();
    const add = (host: number): void =>
      log.add({ member: 'b', host: `${host}`, address: '', refusal: wrongKey });
    for (let host = 0; host <= refusalsRememberedMax; host += 1) add(host);
    add(1);
    expect(told).toHaveLength(refusalsRememberedMax + 1);
    add(0);
    expect(told).toHaveLength(refusalsRememberedMax + 2);
  });
});
