import { beforeAll, describe, expect, test } from 'vitest';
import { disguised, headerOf, quietRun, type QuietRun, stepOf, writes } from '../testing/quiet-run.ts';
import { monotonicApplied } from './monotonic-applied.ts';
import { monotonicCommit } from './monotonic-commit.ts';
import { monotonicMatch } from './monotonic-match.ts';
import { monotonicTerm } from './monotonic-term.ts';
import { monotonicVote } from './monotonic-vote.ts';
import { nextGtMatch } from './next-gt-match.ts';

const invariants = [
  monotonicApplied,
  monotonicCommit,
  monotonicMatch,
  monotonicTerm,
  monotonicVote,
  nextGtMatch,
];

let run: QuietRun;
beforeAll(async () => {
  run = await quietRun(invariants);
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
