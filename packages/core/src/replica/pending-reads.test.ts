import { describe, expect, it } from 'vitest';
import type { ReadRequest } from './contract.ts';
import { isReady, type PendingRead, PendingReads, type Progress } from './pending-reads.ts';

function read(id: number, request: Partial<ReadRequest> = {}): PendingRead {
  const query = { kind: 'barrier' } as const;
  const defaults = { sessionId: 1, afterRequest: 0, minZxid: 0, consistency: 'session', query } as const;
  return { kind: 'read', request: { id, ...defaults, ...request }, readIndex: undefined };
}

function progress(at: { zxid?: number; appliedIndex?: number; lastRequest?: number }): Progress {
  const { zxid = 0, appliedIndex = 0, lastRequest = 0 } = at;
  return { zxid, appliedIndex, lastRequestOf: () => lastRequest };
}

const idsOf = (pending: readonly { request: { id: number } }[]): number[] =>
  pending.map(({ request }) => request.id);

describe('pending reads', () => {
  it('a read of a session waits for the session’s own earlier request', () => {
    const subject = read(1, { afterRequest: 5 });
    expect(isReady(subject, progress({ lastRequest: 4 }))).toBe(false);
    expect(isReady(subject, progress({ lastRequest: 5 }))).toBe(true);
  });

  it('reads are taken just after their request and in the order in which they were asked', () => {
    const reads = new PendingReads();
    for (const [id, afterRequest] of [
      [1, 5],
      [2, 5],
      [3, 6],
    ] as const)
      reads.add(read(id, { afterRequest }));
    expect(reads.waitingSessions.has(1)).toBe(true);
    expect(idsOf(reads.takeAfterRequest(1, 4, 100))).toEqual([]);
    expect(idsOf(reads.takeAfterRequest(1, 5, 100))).toEqual([1, 2]);
    expect(idsOf(reads.takeAfterRequest(1, 6, 100))).toEqual([3]);
    expect(reads.waitingSessions.size).toBe(0);
    expect(reads.size).toBe(0);
  });

  it('reads whose place a received snapshot skipped are taken out, not those that still have it', () => {
    const reads = new PendingReads();
    for (const [id, afterRequest] of [
      [1, 5],
      [2, 6],
      [3, 7],
    ] as const)
      reads.add(read(id, { afterRequest }));
    expect(idsOf(reads.takeSkipped(progress({ lastRequest: 6 })))).toEqual([1]);
    expect(idsOf(reads.takeReady(progress({ lastRequest: 6 })))).toEqual([2]);
    expect(reads.takeSkipped(progress({ lastRequest: Number.POSITIVE_INFINITY }))).toEqual([]);
    expect(reads.size).toBe(1);
  });

  it('a linearizable read is never answered from inside apply', () => {
    const reads = new PendingReads();
    reads.add(read(1, { afterRequest: 5, consistency: 'linearizable' }));
    expect(reads.takeAfterRequest(1, 5, 100)).toEqual([]);
  });

  it('a linearizable read waits for its read index to be confirmed and applied', () => {
    const subject = read(1, { consistency: 'linearizable' });
    expect(isReady(subject, progress({ appliedIndex: 9 }))).toBe(false);
    subject.readIndex = 9;
    expect(isReady(subject, progress({ appliedIndex: 8 }))).toBe(false);
    expect(isReady(subject, progress({ appliedIndex: 9 }))).toBe(true);
  });

  it('a linearizable read waits for an earlier one of its session that has to be asked again', () => {
    const reads = new PendingReads();
    const [first, second] = [1, 2].map((id) => read(id, { consistency: 'linearizable' }));
    const stranger = read(3, { consistency: 'linearizable', sessionId: 2 });
    for (const pending of [first, second, stranger]) if (pending !== undefined) reads.add(pending);
    if (second !== undefined) second.readIndex = 7;
    stranger.readIndex = 7;
    expect(idsOf(reads.takeReady(progress({ appliedIndex: 9 })))).toEqual([3]);
    if (first !== undefined) first.readIndex = 9;
    expect(idsOf(reads.takeReady(progress({ appliedIndex: 9 })))).toEqual([1, 2]);
  });

  it('a read never goes back behind the zxid that its session has seen', () => {
    const subject = read(1, { minZxid: 40 });
    expect(isReady(subject, progress({ zxid: 39 }))).toBe(false);
    expect(isReady(subject, progress({ zxid: 40 }))).toBe(true);
  });

  it('a watch that resumes waits until this replica has come that far', () => {
    const request = {
      id: 1,
      sessionId: 1,
      afterRequest: 0,
      minZxid: 0,
      path: '/',
      scope: 'subtree',
      from: 12,
    } as const;
    expect(isReady({ kind: 'watch', request }, progress({ zxid: 11 }))).toBe(false);
    expect(isReady({ kind: 'watch', request }, progress({ zxid: 12 }))).toBe(true);
  });

  it('a cancelled read is not answered, and cancelling twice is harmless', () => {
    const reads = new PendingReads();
    reads.add(read(1, { afterRequest: 5 }));
    reads.cancel('read', 1);
    reads.cancel('read', 1);
    expect(reads.takeReady(progress({ lastRequest: 9 }))).toEqual([]);
    expect(reads.waitingSessions.size).toBe(0);
  });

  it('a read and a watch with the same id are two things', () => {
    const reads = new PendingReads();
    reads.add(read(1, { afterRequest: 5 }));
    reads.cancel('watch', 1);
    expect(reads.size).toBe(1);
  });
});
