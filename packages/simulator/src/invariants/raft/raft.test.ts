import type { Entry } from '@quorate/core/ports';
import { beforeAll, describe, expect, test } from 'vitest';
import { Ledger } from '../ledger/ledger.ts';
import { disguised, headerOf, type QuietRun, quietRun, stepOf } from '../testing/quiet-run.ts';
import { atMostOnePendingConfig } from './at-most-one-pending-config.ts';
import { commitOnlyCompared } from './commit-only-compared.ts';
import { committedImmutable } from './committed-immutable.ts';
import { committedIsDurable } from './committed-is-durable.ts';
import { committedOnQuorum } from './committed-on-quorum.ts';
import { configFollowsLog } from './config-follows-log.ts';
import { durableBeforeAck } from './durable-before-ack.ts';
import { electedByQuorum } from './elected-by-quorum.ts';
import { electionSafety } from './election-safety.ts';
import { leaderAppendOnly } from './leader-append-only.ts';
import { leaderCompleteness } from './leader-completeness.ts';
import { leaderHasQuorum } from './leader-has-quorum.ts';
import { leaderOpensTerm } from './leader-opens-term.ts';
import { learnerNeverLeads } from './learner-never-leads.ts';
import { logMatching } from './log-matching.ts';
import { monotonicApplied } from './monotonic-applied.ts';
import { monotonicCommit } from './monotonic-commit.ts';
import { monotonicMatch } from './monotonic-match.ts';
import { monotonicTerm } from './monotonic-term.ts';
import { monotonicVote } from './monotonic-vote.ts';
import { nextGtMatch } from './next-gt-match.ts';
import { noEntryFromTheFuture } from './no-entry-from-the-future.ts';
import { ownDiskHoldsOwnCount } from './own-disk-holds-own-count.ts';
import { singleFounding } from './single-founding.ts';
import { stateMachineSafety } from './state-machine-safety.ts';
import { stateOrdering } from './state-ordering.ts';
import { voteOncePerTerm } from './vote-once-per-term.ts';
import { wipedNeverVotes } from './wiped-never-votes.ts';

const invariants = [
  atMostOnePendingConfig,
  commitOnlyCompared,
  committedImmutable,
  committedIsDurable,
  committedOnQuorum,
  configFollowsLog,
  durableBeforeAck,
  electedByQuorum,
  electionSafety,
  leaderAppendOnly,
  leaderCompleteness,
  leaderHasQuorum,
  leaderOpensTerm,
  learnerNeverLeads,
  logMatching,
  monotonicApplied,
  monotonicCommit,
  monotonicMatch,
  monotonicTerm,
  monotonicVote,
  nextGtMatch,
  noEntryFromTheFuture,
  ownDiskHoldsOwnCount,
  singleFounding,
  stateMachineSafety,
  stateOrdering,
  voteOncePerTerm,
  wipedNeverVotes,
];

let run: QuietRun;
beforeAll(async () => {
  run = await quietRun(invariants);
});

/** A batch that a step writes. */
const writes = (batch: object) => ({ output: { persists: [{ ticket: 99, batch }] } });
const lastEntry = (): Entry => run.leader.replica.raft.entryAt(run.leader.replica.raft.lastIndex);
const term = (): number => run.leader.replica.raft.term;

describe('ElectionSafety', () => {
  test('is broken by a second leader of a term, and names both', () => {
    const { leader, follower, view } = run;
    const step = stepOf(follower, { before: { role: 'candidate' }, after: { role: 'leader' } });
    const facts = { term: term(), first: leader.member, second: follower.member };
    expect(() => run.watchOf(electionSafety).stepped(step, view)).toThrow(
      expect.objectContaining({ facts: expect.objectContaining(facts) }),
    );
  });

  test('is broken by an append of somebody who was not elected', () => {
    const { follower, leader, view } = run;
    const message = { kind: 'timeout-now', ...headerOf(follower, leader.member) } as const;
    expect(() => run.watchOf(electionSafety).sent({ peer: follower, message }, view)).toThrow(
      'two peers lead',
    );
  });
});

describe('ElectedByQuorum', () => {
  const elected = (newTerm: number) =>
    stepOf(run.follower, { before: { role: 'candidate' }, after: { role: 'leader', term: newTerm } });

  test('is broken by a leader with the durable vote of one voter of three', () => {
    const { follower, leader, ledger, view } = run;
    const watch = electedByQuorum.watch(ledger);
    const vote = { batch: { hardState: { term: 99, vote: follower.member, founding: undefined } } };
    watch.stored?.({ peer: follower, ...vote }, view);
    expect(() => watch.stepped?.(elected(99), view)).toThrow('without the votes');
    watch.stored?.({ peer: leader, ...vote }, view);
    expect(() => watch.stepped?.(elected(99), view)).not.toThrow();
    expect(() => watch.stepped?.(elected(100), view)).toThrow('without the votes');
  });
});

describe('LeaderHasQuorum', () => {
  test('is broken by a leader that two of three have not answered for two election time-outs', () => {
    const { leader, ledger, view } = run;
    const watch = leaderHasQuorum.watch(ledger);
    const tick = stepOf(leader, { input: { kind: 'tick', count: 1, wallMs: 0 } });
    const { electionTicks } = leader.replica.config.raft;
    for (let count = 0; count < 2 * electionTicks; count += 1) watch.stepped?.(tick, view);
    expect(() => watch.stepped?.(tick, view)).toThrow('nobody answers');
  });
});

describe('LeaderOpensTerm', () => {
  test('is broken by a leader whose last entry is of an older term', () => {
    const { leader, view } = run;
    const step = (newTerm: number) =>
      stepOf(leader, { before: { role: 'candidate' }, after: { role: 'leader', term: newTerm } });
    const watch = run.watchOf(leaderOpensTerm);
    expect(() => watch.stepped(step(term()), view)).not.toThrow();
    expect(() => watch.stepped(step(term() + 1), view)).toThrow('without an entry');
  });
});

describe('LeaderAppendOnly', () => {
  test('is broken by a leader that truncates', () => {
    const step = stepOf(run.leader, writes({ truncateFrom: 3 }));
    expect(() => run.watchOf(leaderAppendOnly).stepped(step, run.view)).toThrow('removes entries');
  });

  test('is broken by a leader whose log becomes shorter, not by a follower', () => {
    const watch = run.watchOf(leaderAppendOnly);
    watch.stepped(
      stepOf(run.follower, { after: { lastIndex: 1 }, ...writes({ truncateFrom: 2 }) }),
      run.view,
    );
    expect(() => watch.stepped(stepOf(run.leader, { after: { lastIndex: 1 } }), run.view)).toThrow(
      'became shorter',
    );
  });
});

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

describe('LeaderCompleteness', () => {
  test('is broken by a new leader that lacks what an earlier one committed', () => {
    const after = { role: 'leader', term: term() + 1, lastIndex: 3, firstIndex: 1 } as const;
    const step = stepOf(run.follower, { after });
    expect(() => run.watchOf(leaderCompleteness).stepped(step, run.view)).toThrow('lacks a committed entry');
  });

  test('allows that of a late leader of an earlier term', () => {
    const after = { role: 'leader', term: term() - 1, lastIndex: 3, firstIndex: 1 } as const;
    const step = stepOf(run.follower, { after });
    expect(() => run.watchOf(leaderCompleteness).stepped(step, run.view)).not.toThrow();
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

describe('the monotonic ones', () => {
  test('MonotonicTerm is broken by a term that falls, also at a restart', () => {
    const watch = run.watchOf(monotonicTerm);
    expect(() => watch.stepped(stepOf(run.leader, { after: { term: 0 } }), run.view)).toThrow('went back');
    const restarted = disguised(run.leader, { raft: { term: 0 } });
    expect(() => watch.opened(restarted, run.view)).toThrow('restart went back');
  });

  test('MonotonicVote is broken by a second vote in a term, not by one in the next', () => {
    const watch = run.watchOf(monotonicVote);
    const vote = (voteTerm: number, candidate: string) =>
      stepOf(run.follower, writes({ hardState: { term: voteTerm, vote: candidate, founding: undefined } }));
    watch.stepped(vote(50, 'a'), run.view);
    watch.stepped(vote(51, 'b'), run.view);
    expect(() => watch.stepped(vote(51, 'c'), run.view)).toThrow('a vote was changed');
  });

  test('MonotonicCommit is broken by a commit index that falls', () => {
    const step = stepOf(run.follower, { after: { commitIndex: 1 } });
    expect(() => run.watchOf(monotonicCommit).stepped(step, run.view)).toThrow('went back');
  });

  test('MonotonicApplied is broken by an older state', () => {
    const step = stepOf(run.follower, { after: { zxid: 1 } });
    expect(() => run.watchOf(monotonicApplied).stepped(step, run.view)).toThrow('earlier state');
  });

  test('MonotonicMatch is broken by a match index that falls, unless the follower lost its disk', () => {
    const { leader, follower, view } = run;
    const watch = run.watchOf(monotonicMatch);
    const answer = (matchIndex: number, incarnation: number) => {
      const reply = {
        accepted: true,
        matchIndex,
        hintIndex: 0,
        hintTerm: 0,
        previousIndex: 0,
        round: 0,
        admitted: true,
      };
      const message = {
        kind: 'append-reply',
        ...headerOf(follower, leader.member),
        incarnation,
        ...reply,
      } as const;
      const peer = disguised(leader, { raft: { progressOf: () => ({ matchIndex }) } });
      // The watch knows the leader by its object.
      const step = stepOf(peer, { input: { kind: 'message', message, wallMs: 0 } });
      return { ...step, peer: Object.assign(leader, { replica: peer.replica }) };
    };
    const { replica } = leader;
    watch.stepped(answer(9_000, 1), view);
    watch.stepped(answer(8_000, 2), view);
    expect(() => watch.stepped(answer(7_000, 2), view)).toThrow('a match index went back');
    Object.assign(leader, { replica });
  });
});

describe('NextGtMatch', () => {
  test.each([
    { matchIndex: 5, nextIndex: 5 },
    { matchIndex: 5, nextIndex: 1_000_000 },
  ])('is broken by %o', (view) => {
    const peer = disguised(run.leader, { raft: { progress: () => [{ member: 'x', ...view }] } });
    const sweep = () => run.watchOf(nextGtMatch).swept({ ...run.view, peers: [peer] });
    expect(sweep).toThrow('expected where it cannot be');
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

describe('VoteOncePerTerm', () => {
  test('is broken by votes for two candidates, whatever the life', () => {
    const { follower, view } = run;
    const watch = run.watchOf(voteOncePerTerm);
    const vote = (to: string, life: number) => {
      const message = { kind: 'vote-reply', ...headerOf(follower, to), term: 60, granted: true } as const;
      watch.sent({ peer: { ...follower, life }, message }, view);
    };
    vote('a', 1);
    vote('a', 2);
    expect(() => vote('b', 3)).toThrow('voted twice');
  });
});

describe('ConfigFollowsLog', () => {
  test('is broken by a membership entry that is not in force', () => {
    const entry = { ...lastEntry(), kind: 'membership', body: Uint8Array.of(9) } as const;
    const step = stepOf(run.follower, writes({ entries: [entry] }));
    expect(() => run.watchOf(configFollowsLog).stepped(step, run.view)).toThrow('another membership');
  });
});

describe('AtMostOnePendingConfig', () => {
  test('is broken by a second membership before the first is committed', () => {
    const watch = run.watchOf(atMostOnePendingConfig);
    const membership = (ahead: number) => {
      const entry = { ...lastEntry(), kind: 'membership', index: lastEntry().index + ahead } as const;
      return stepOf(run.leader, writes({ entries: [entry] }));
    };
    watch.stepped(membership(1), run.view);
    expect(() => watch.stepped(membership(2), run.view)).toThrow('changed too early');
  });
});

describe('LearnerNeverLeads', () => {
  test.each(['candidate', 'leader'] as const)('is broken by a %s without a vote', (role) => {
    const peer = disguised(run.follower, { raft: { membership: { voters: ['x'], outgoing: [] } } });
    const step = stepOf(peer, { after: { role } });
    expect(() => run.watchOf(learnerNeverLeads).stepped(step, run.view)).toThrow('without a vote');
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

describe('WipedNeverVotes', () => {
  test.each(['vote-reply', 'pre-vote-reply'] as const)(
    'is broken by a %s of an incarnation that nobody admitted',
    (kind) => {
      const watch = run.watchOf(wipedNeverVotes);
      const message = { kind, ...headerOf(run.follower, 'a'), granted: true } as const;
      watch.sent({ peer: run.follower, message }, run.view);
      const wiped = { ...run.follower, incarnation: 12_345 };
      expect(() => watch.sent({ peer: wiped, message }, run.view)).toThrow('never admitted');
      watch.sent({ peer: wiped, message: { ...message, granted: false } }, run.view);
    },
  );
});

describe('SingleFounding', () => {
  test('is broken by a second identity', () => {
    const { membership } = run.follower.replica.raft;
    const other = { ...membership, identity: 'another' };
    const peer = disguised(run.follower, { raft: { membershipAt: () => other } });
    const step = stepOf(peer, { before: { commitIndex: 0 } });
    expect(() => run.watchOf(singleFounding).stepped(step, run.view)).toThrow('founded twice');
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
