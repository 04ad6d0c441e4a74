import { beforeAll, describe, expect, test } from 'vitest';
import { disguised, headerOf, quietRun, type QuietRun, stepOf, writes } from '../testing/quiet-run.ts';
import { electedByQuorum } from './elected-by-quorum.ts';
import { electionSafety } from './election-safety.ts';
import { leaderAppendOnly } from './leader-append-only.ts';
import { leaderCompleteness } from './leader-completeness.ts';
import { leaderHasQuorum } from './leader-has-quorum.ts';
import { leaderOpensTerm } from './leader-opens-term.ts';
import { learnerNeverLeads } from './learner-never-leads.ts';
import { voteOncePerTerm } from './vote-once-per-term.ts';

const invariants = [
  electedByQuorum,
  electionSafety,
  leaderAppendOnly,
  leaderCompleteness,
  leaderHasQuorum,
  leaderOpensTerm,
  learnerNeverLeads,
  voteOncePerTerm,
];

let run: QuietRun;
beforeAll(async () => {
  run = await quietRun(invariants);
});

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

describe('LearnerNeverLeads', () => {
  test.each(['candidate', 'leader'] as const)('is broken by a %s without a vote', (role) => {
    const peer = disguised(run.follower, { raft: { membership: { voters: ['x'], outgoing: [] } } });
    const step = stepOf(peer, { after: { role } });
    expect(() => run.watchOf(learnerNeverLeads).stepped(step, run.view)).toThrow('without a vote');
  });
});
