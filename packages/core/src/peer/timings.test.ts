import { describe, expect, test } from 'vitest';
import type { ReplicaMessage } from '../replica/contract.ts';
import { Timings } from './timings.ts';

const header = { term: 1, incarnation: 1 } as const;

function append(to: string, previousIndex: number, entriesCount: number): ReplicaMessage {
  const entry = { term: 1, kind: 'noop', wallMs: 0, elapsedMs: 0, body: new Uint8Array(0) } as const;
  const entries = Array.from({ length: entriesCount }, (_, at) => ({
    ...entry,
    index: previousIndex + 1 + at,
  }));
  const positions = { previousIndex, previousTerm: 1, commitIndex: 0, durableIndex: 0, round: 1 };
  return { kind: 'append', from: 'a', to, ...header, ...positions, entries };
}

function reply(from: string, matchIndex: number, accepted = true): ReplicaMessage {
  return { kind: 'append-reply', from, to: 'a', ...header, accepted, matchIndex } as ReplicaMessage;
}

describe('Timings', () => {
  test('know the model before anything is measured', () => {
    expect(new Timings(50, 250).read(5)).toEqual({
      heartbeatMs: 50,
      electionTimeoutMs: 250,
      electionModelMs: 125,
      electionMs: undefined,
      propagationMs: undefined,
      commitMs: undefined,
      syncMs: undefined,
      consistencyMs: undefined,
    });
  });

  test('measure an election from losing a leader to knowing the next', () => {
    const timings = new Timings(50, 250);
    timings.noticed({ kind: 'leader', leader: 'a', term: 1 }, 5);
    expect(timings.read(3).electionMs).toBeUndefined();
    timings.noticed({ kind: 'leader', leader: undefined, term: 2 }, 10);
    timings.noticed({ kind: 'leader', leader: undefined, term: 3 }, 20);
    timings.noticed({ kind: 'leader', leader: 'b', term: 3 }, 40);
    expect(timings.read(3).electionMs).toBe(30);
  });

  test('measure half a round trip and a commit, of one sample at a time', () => {
    const timings = new Timings(50, 250);
    timings.sent([append('b', 4, 0)], 0);
    timings.sent([append('b', 4, 2), append('c', 4, 2)], 10);
    timings.sent([append('b', 6, 1)], 11);
    timings.received(reply('c', 6), 12);
    timings.received(reply('b', 5), 13);
    timings.received(reply('b', 6, false), 14);
    expect(timings.read(3).propagationMs).toBeUndefined();
    timings.received(reply('b', 6), 16);
    expect(timings.read(3).propagationMs).toBe(3);
    timings.committed(5, 17);
    expect(timings.read(3).commitMs).toBeUndefined();
    timings.committed(6, 18);
    expect(timings.read(3).commitMs).toBe(8);
    // The next sample begins anew.
    timings.sent([append('c', 7, 1)], 20);
    timings.committed(8, 21);
    timings.received(reply('c', 8), 24);
    expect(timings.read(3)).toMatchObject({ propagationMs: 2, commitMs: 1 });
  });

  test('forget their samples with the leadership, and add up what they have', () => {
    const timings = new Timings(50, 250);
    timings.sent([append('b', 4, 1)], 10);
    timings.reset();
    timings.received(reply('b', 5), 20);
    timings.committed(5, 20);
    expect(timings.read(3)).toMatchObject({ propagationMs: undefined, commitMs: undefined });
    timings.noticed({ kind: 'leader', leader: undefined, term: 2 }, 0);
    timings.noticed({ kind: 'leader', leader: 'a', term: 2 }, 100);
    timings.sent([append('b', 5, 1)], 200);
    timings.received(reply('b', 6), 204);
    expect(timings.read(3)).toMatchObject({ syncMs: 102, consistencyMs: undefined });
    timings.committed(6, 206);
    expect(timings.read(3)).toMatchObject({ syncMs: 102, consistencyMs: 108 });
    expect(Object.isFrozen(timings.read(3))).toBe(true);
  });
});
