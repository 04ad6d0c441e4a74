import type { Entry } from '@quorate/core/ports';
import { beforeAll, describe, expect, test } from 'vitest';
import { disguised, headerOf, quietRun, type QuietRun, stepOf } from '../testing/quiet-run.ts';
import { commitOnlyCompared } from './commit-only-compared.ts';
import { committedImmutable } from './committed-immutable.ts';
import { committedIsDurable } from './committed-is-durable.ts';
import { committedOnQuorum } from './committed-on-quorum.ts';

const invariants = [commitOnlyCompared, committedImmutable, committedIsDurable, committedOnQuorum];

let run: QuietRun;
beforeAll(async () => {
  run = await quietRun(invariants);
});

const lastEntry = (): Entry => run.leader.replica.raft.entryAt(run.leader.replica.raft.lastIndex);
const term = (): number => run.leader.replica.raft.term;

describe('CommittedOnQuorum', () => {
  test('is broken by a commit that the disks do not hold', () => {
    const peer = disguised(run.leader, { raft: { termAt: term } });
    const step = stepOf(peer, { after: { commitIndex: run.ledger.commits.index + 5 } });
    expect(() => run.watchOf(committedOnQuorum).stepped(step, run.view)).toThrow('too few disks');
  });

  test('is broken by a leader that commits an entry of another term by counting', () => {
    const peer = disguised(run.leader, { raft: { termAt: () => term() - 1 } });
    const step = stepOf(peer, { before: { commitIndex: 1 } });
    expect(() => run.watchOf(committedOnQuorum).stepped(step, run.view)).toThrow('another term');
  });
});

describe('CommittedImmutable', () => {
  test('is broken by another entry at a committed index', () => {
    const peer = disguised(run.follower, { raft: { termAt: () => 77 } });
    const step = stepOf(peer, { before: { commitIndex: run.follower.replica.raft.commitIndex - 1 } });
    expect(() => run.watchOf(committedImmutable).stepped(step, run.view)).toThrow(
      'another entry is committed',
    );
  });

  test('is broken by a disk that truncates a committed entry', () => {
    const batch = { truncateFrom: run.ledger.commits.index };
    const tell = () => run.watchOf(committedImmutable).stored({ peer: run.leader, batch }, run.view);
    expect(tell).toThrow('a committed entry is truncated');
  });

  test('is broken by a snapshot of what is not committed', () => {
    const meta = { index: 9_999, term: 1, elapsedMs: 0, membership: new Uint8Array(0) };
    const batch = { snapshotChunk: { meta, offset: 0, bytes: new Uint8Array(1), last: false } };
    const tell = () => run.watchOf(committedImmutable).stored({ peer: run.leader, batch }, run.view);
    expect(tell).toThrow('not committed');
  });
});

describe('CommitOnlyCompared', () => {
  const append = (previousIndex: number, entries: readonly Entry[]) => {
    const header = headerOf(run.leader, run.follower.member);
    const rest = { previousIndex, previousTerm: 1, commitIndex: 99, durableIndex: 0, round: 0 };
    const message = { ...header, kind: 'append', entries, ...rest } as const;
    return { input: { kind: 'message', message, wallMs: 0 } } as const;
  };
  const accepted = () => {
    const header = headerOf(run.follower, run.leader.member);
    const rest = { matchIndex: 0, hintIndex: 0, hintTerm: 0, previousIndex: 0, round: 0, admitted: true };
    return { sendNow: [{ ...header, kind: 'append-reply', accepted: true, ...rest }] } as const;
  };

  test('is broken by a commit behind what an append has compared, in this term', () => {
    const { follower, ledger, view } = run;
    const watch = commitOnlyCompared.watch(ledger);
    const step = (previousIndex: number, entries: readonly Entry[], commitIndex: number): void => {
      const facts = { output: accepted(), before: { commitIndex: 1 }, after: { commitIndex } };
      watch.stepped?.(stepOf(follower, { ...append(previousIndex, entries), ...facts }), view);
    };
    step(10, [lastEntry()], 11);
    step(5, [], 11);
    expect(() => step(5, [], 12)).toThrow('has not compared');
  });

  test('is broken by a commit on an append that is refused', () => {
    const facts = { ...append(10, []), before: { commitIndex: 1 }, after: { commitIndex: 10 } };
    const watch = commitOnlyCompared.watch(run.ledger);
    expect(() => watch.stepped?.(stepOf(run.follower, facts), run.view)).toThrow('has not compared');
  });
});

// Last: it changes what the ledger knows of the disks.
describe('CommittedIsDurable', () => {
  test('is broken when two of three disks come back from a crash without what is committed', () => {
    const { ledger, leader, follower, view } = run;
    const watch = run.watchOf(committedIsDurable);
    for (const peer of [leader, follower]) {
      const emptied = { ...peer, stored: { ...peer.stored, snapshot: undefined, entries: [] } };
      watch.opened(emptied, view);
      ledger.opened(emptied);
      if (peer === leader) watch.stepped(stepOf(peer, {}), view);
    }
    expect(() => watch.stepped(stepOf(follower, {}), view)).toThrow('took back what is committed');
  });
});
