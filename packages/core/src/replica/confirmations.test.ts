import { describe, expect, test } from 'vitest';
import { Confirmations, type PendingTouch } from './confirmations.ts';
import { PendingReads, type PendingRead } from './pending-reads.ts';

function read(id: number): PendingRead {
  const query = { kind: 'barrier' } as const;
  const request = {
    id,
    sessionId: 0,
    afterRequest: 0,
    minZxid: 0,
    consistency: 'linearizable',
    query,
  } as const;
  return { kind: 'read', request, readIndex: undefined };
}

const touch: PendingTouch = { kind: 'touch', from: 'b', id: 1, sessions: [7], arrivedTick: 3 };

describe('Confirmations', () => {
  test('answers each attempt once, under an id of its own', () => {
    const confirmations = new Confirmations();
    const waiting = read(1);
    const first = confirmations.ask(waiting);
    const second = confirmations.ask(waiting);
    expect(second).not.toBe(first);
    expect(confirmations.take(first)).toBe(waiting);
    expect(confirmations.take(first)).toBeUndefined();
    expect(confirmations.take(second)).toBe(waiting);
    expect(confirmations.take(99)).toBeUndefined();
  });

  test('asks a lost read again, once, and drops a lost touch', () => {
    const confirmations = new Confirmations();
    const waiting = read(1);
    confirmations.lost(confirmations.ask(waiting));
    confirmations.lost(confirmations.ask(touch));
    confirmations.lost(99);
    expect(confirmations.hasUnasked).toBe(true);
    expect(confirmations.takeUnasked()).toEqual([waiting]);
    expect(confirmations.hasUnasked).toBe(false);
    expect(confirmations.takeUnasked()).toEqual([]);
  });

  test('keeps nothing of a read whose caller has left, before or after it was lost', () => {
    const confirmations = new Confirmations();
    const reads = new PendingReads();
    for (const id of [1, 2]) reads.add(read(id));
    const [before, after] = [read(3), read(4)];
    reads.add(before);
    reads.add(after);
    const asked = confirmations.ask(before);
    reads.cancel('read', 3);
    confirmations.lost(asked);
    expect(confirmations.hasUnasked).toBe(false);
    confirmations.lost(confirmations.ask(after));
    expect(confirmations.hasUnasked).toBe(true);
    reads.cancel('read', 4);
    confirmations.forget(4);
    expect(confirmations.hasUnasked).toBe(false);
  });
});
