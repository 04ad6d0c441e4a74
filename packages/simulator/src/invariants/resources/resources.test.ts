import { beforeAll, describe, expect, test } from 'vitest';
import type { WorldView } from '../invariant.ts';
import { disguised, headerOf, type QuietRun, quietRun, stepOf } from '../testing/quiet-run.ts';
import { bytesInFlightBound } from './bytes-in-flight-bound.ts';
import { historyBounded } from './history-bounded.ts';
import { messageBounds } from './message-bounds.ts';
import { noUnboundedLog } from './no-unbounded-log.ts';
import { queueBounds } from './queue-bounds.ts';
import { repliesBounded } from './replies-bounded.ts';

const invariants = [
  bytesInFlightBound,
  historyBounded,
  messageBounds,
  noUnboundedLog,
  queueBounds,
  repliesBounded,
];

let run: QuietRun;
beforeAll(async () => {
  run = await quietRun(invariants);
});

const append = (entriesCount: number) => {
  const { leader, follower } = run;
  const entry = leader.replica.raft.entryAt(leader.replica.raft.lastIndex);
  const entries = Array.from({ length: entriesCount }, () => entry);
  const place = { previousIndex: 0, previousTerm: 0, commitIndex: 0, durableIndex: 0, round: 0 };
  return { kind: 'append', ...headerOf(leader, follower.member), ...place, entries } as const;
};
const sees = (...peers: WorldView['peers']): WorldView => ({ ...run.view, peers });

describe('QueueBounds', () => {
  test('is broken by reads and watches that nobody waits for', () => {
    const watch = run.watchOf(queueBounds);
    const reads = disguised(run.leader, { replica: { pendingReadsCount: 3 } });
    expect(() => watch.swept(sees(reads))).toThrow('what nobody waits for');
    const watches = disguised(run.leader, { replica: { watchesCount: 1 } });
    expect(() => watch.swept(sees(watches))).toThrow('what nobody waits for');
  });
});

describe('BytesInFlightBound', () => {
  test.each([
    { messagesInFlight: 65, bytesInFlight: 0 },
    { messagesInFlight: 1, bytesInFlight: 99_999_999 },
  ])('is broken by %o', (view) => {
    const peer = disguised(run.leader, { raft: { progressOf: () => view } });
    const step = stepOf(peer, { output: { sendNow: [append(1)] } });
    expect(() => run.watchOf(bytesInFlightBound).stepped(step, run.view)).toThrow('too much is on its way');
  });
});

describe('MessageBounds', () => {
  test('is broken by one entry too many, and allows the most', () => {
    const { appendEntriesMax } = run.leader.replica.config.raft;
    const tell = (count: number) =>
      run.watchOf(messageBounds).sent({ peer: run.leader, message: append(count) }, run.view);
    expect(() => tell(appendEntriesMax)).not.toThrow();
    expect(() => tell(appendEntriesMax + 1)).toThrow('too many entries');
  });
});

describe('NoUnboundedLog', () => {
  const healed = (nowMs: number, logCount: number, snapshotIndex: number): WorldView => {
    const peer = disguised(run.leader, { raft: { logCount, snapshotIndex } });
    return { ...sees(peer), core: [run.leader.member], healedAtMs: 0, nowMs };
  };

  test('is broken by a long log that gets no snapshot, not by one that does', () => {
    const watch = run.watchOf(noUnboundedLog);
    watch.swept(healed(0, 500, 1));
    watch.swept(healed(4_000, 500, 2));
    watch.swept(healed(8_000, 600, 2));
    expect(() => watch.swept(healed(9_500, 700, 2))).toThrow('no snapshot comes');
  });

  test('demands nothing before the faults have ended', () => {
    const watch = noUnboundedLog.watch(run.ledger);
    const faulty = (nowMs: number): WorldView => ({ ...healed(nowMs, 500, 1), healedAtMs: undefined });
    watch.swept?.(faulty(0));
    expect(() => watch.swept?.(faulty(60_000))).not.toThrow();
  });
});

describe('HistoryBounded', () => {
  test('is broken by one change too many', () => {
    const limits = { ...run.leader.replica.machine.limits, historyChangesMax: 2 };
    const peer = disguised(run.leader, { machine: { limits } });
    expect(() => run.watchOf(historyBounded).swept(sees(peer))).toThrow('longer than its limits');
  });
});

describe('RepliesBounded', () => {
  test.each([
    ['replies', { repliesPerSessionMax: -1 }],
    ['ephemerals', { ephemeralsPerSessionMax: 0 }],
    ['sessions', { sessionsMax: 0 }],
  ])('is broken by too many %s', (_what, limit) => {
    const limits = { ...run.leader.replica.machine.limits, ...limit };
    const peer = disguised(run.leader, { machine: { limits } });
    expect(() => run.watchOf(repliesBounded).swept(sees(peer))).toThrow(/too many|too much/);
  });
});
