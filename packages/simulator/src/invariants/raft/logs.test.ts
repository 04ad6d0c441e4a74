import type { Entry } from '@quorate/core/ports';
import { beforeAll, describe, expect, test } from 'vitest';
import { Ledger } from '../ledger/ledger.ts';
import { disguised, headerOf, quietRun, type QuietRun, stepOf, writes } from '../testing/quiet-run.ts';
import { durableBeforeAck } from './durable-before-ack.ts';
import { logMatching } from './log-matching.ts';
import { noEntryFromTheFuture } from './no-entry-from-the-future.ts';
import { ownDiskHoldsOwnCount } from './own-disk-holds-own-count.ts';
import { stateMachineSafety } from './state-machine-safety.ts';
import { stateOrdering } from './state-ordering.ts';

const invariants = [
  durableBeforeAck,
  logMatching,
  noEntryFromTheFuture,
  ownDiskHoldsOwnCount,
  stateMachineSafety,
  stateOrdering,
];

let run: QuietRun;
beforeAll(async () => {
  run = await quietRun(invariants);
});

const lastEntry = (): Entry => run.leader.replica.raft.entryAt(run.leader.replica.raft.lastIndex);
const term = (): number => run.leader.replica.raft.term;

describe('LogMatching', () => {
  test('is broken by another body under the same index and term', () => {
    const entry = { ...lastEntry(), body: Uint8Array.of(1, 2, 3) };
    const step = stepOf(run.follower, writes({ entries: [entry] }));
    expect(() => run.watchOf(logMatching).stepped(step, run.view)).toThrow(
      'two entries have one index and term',
    );
  });

  test('is broken by the same entry after another one', () => {
    const peer = disguised(run.follower, { raft: { termAt: () => 0 } });
    const step = stepOf(peer, writes({ entries: [lastEntry()] }));
    expect(() => run.watchOf(logMatching).stepped(step, run.view)).toThrow('follows two different ones');
  });

  test('is broken by a disk that alters an entry', () => {
    const entries = [{ ...lastEntry(), wallMs: 1 }];
    const peer = { ...run.follower, stored: { ...run.follower.stored, entries } };
    expect(() => run.watchOf(logMatching).opened(peer, run.view)).toThrow('two entries');
  });
});

describe('StateMachineSafety', () => {
  test('is broken by another entry at an applied index', () => {
    const peer = disguised(run.follower, { raft: { termAt: () => 77 } });
    const appliedIndex = run.follower.replica.machine.appliedIndex - 1;
    const step = stepOf(peer, { before: { appliedIndex } });
    expect(() => run.watchOf(stateMachineSafety).stepped(step, run.view)).toThrow('different entries');
  });
});

describe('NoEntryFromTheFuture', () => {
  test('is broken in memory and on disk', () => {
    const watch = run.watchOf(noEntryFromTheFuture);
    const batch = { entries: [{ ...lastEntry(), term: term() + 1 }] };
    expect(() => watch.stepped(stepOf(run.follower, writes(batch)), run.view)).toThrow('ahead of its peer');
    expect(() => watch.stored({ peer: run.follower, batch }, run.view)).toThrow('a disk holds');
  });
});

describe('StateOrdering', () => {
  test.each([
    { firstIndex: 10, snapshotIndex: 8 },
    { snapshotIndex: 10_000 },
    { appliedIndex: 10_000 },
    { commitIndex: 10_000 },
    { durableIndex: 10_000 },
  ])('is broken by %o', (after) => {
    const step = stepOf(run.follower, { after });
    expect(() => run.watchOf(stateOrdering).stepped(step, run.view)).toThrow('out of order');
  });
});

describe('DurableBeforeAck', () => {
  const reply = { accepted: true, hintIndex: 0, hintTerm: 0, previousIndex: 0, round: 0, admitted: true };

  test.each([
    ['entries', { kind: 'append-reply', ...reply, matchIndex: 10_000 }],
    ['a vote', { kind: 'vote-reply', granted: true }],
    [
      'a snapshot',
      { kind: 'install-snapshot-reply', index: 10_000, nextOffset: 9, installed: true, round: 0 },
    ],
    ['a chunk', { kind: 'install-snapshot-reply', index: 10_000, nextOffset: 9, installed: false, round: 0 }],
  ])('is broken by an answer that promises %s that the disk does not hold', (_what, part) => {
    const { follower, view } = run;
    const message = { ...headerOf(follower, 'nobody'), ...part } as Parameters<typeof tell>[0];
    const tell = (
      each: Parameters<Required<ReturnType<typeof durableBeforeAck.watch>>['sent']>[0]['message'],
    ) => run.watchOf(durableBeforeAck).sent({ peer: follower, message: each }, view);
    expect(() => tell(message)).toThrow(/before it is durable|before they are durable/);
  });

  test('is broken by a term that is not durable, not by that of a pre-vote', () => {
    const { follower, view } = run;
    const watch = run.watchOf(durableBeforeAck);
    const header = { ...headerOf(follower, 'x'), term: term() + 1 };
    const preVote = { kind: 'pre-vote', ...header, lastIndex: 1, lastTerm: 1 } as const;
    watch.sent({ peer: follower, message: preVote }, view);
    const message = { ...preVote, kind: 'vote', transfer: false } as const;
    expect(() => watch.sent({ peer: follower, message }, view)).toThrow('a term is shown');
  });
});

describe('OwnDiskHoldsOwnCount', () => {
  test('is broken by an entry that is counted and is not on the disk', () => {
    const { follower, view } = run;
    const { raft } = follower.replica;
    const { firstIndex, lastIndex: persistedIndex } = raft;
    const entries = Array.from({ length: persistedIndex - firstIndex + 1 }, (_, at) =>
      raft.entryAt(firstIndex + at),
    );
    const ledger = new Ledger();
    ledger.opened({ ...follower, stored: { ...follower.stored, entries } });
    const watch = ownDiskHoldsOwnCount.watch(ledger);
    const input = { kind: 'persisted', ticket: 1, wallMs: 0 } as const;
    const counted = { input, after: { persistedIndex } };
    watch.stepped?.(stepOf(follower, counted), view);
    const ahead = { input, after: { persistedIndex: persistedIndex + 1 } };
    expect(() => watch.stepped?.(stepOf(follower, ahead), view)).toThrow('more is counted');
    const elsewhere = { ...follower, incarnation: 99 };
    expect(() => watch.stepped?.(stepOf(elsewhere, counted), view)).toThrow('not on the disk');
  });
});
