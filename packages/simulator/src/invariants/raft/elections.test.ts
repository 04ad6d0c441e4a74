import { beforeAll, describe, expect, test } from 'vitest';
import { headerOf, type QuietRun, quietRun, stepOf } from '../testing/quiet-run.ts';
import { electionTimeoutsDiffer } from './election-timeouts-differ.ts';
import { onlyLeadersPutElectionsOff } from './only-leaders-put-elections-off.ts';
import { preVoteFirst } from './pre-vote-first.ts';
import { silentLeaderIsReplaced } from './silent-leader-is-replaced.ts';
import { transferTargetIsComplete } from './transfer-target-is-complete.ts';
import { votersKeepTheirLeader } from './voters-keep-their-leader.ts';
import { votesForCompleteLogs } from './votes-for-complete-logs.ts';

const invariants = [
  electionTimeoutsDiffer,
  onlyLeadersPutElectionsOff,
  preVoteFirst,
  silentLeaderIsReplaced,
  transferTargetIsComplete,
  votersKeepTheirLeader,
  votesForCompleteLogs,
];

let run: QuietRun;
beforeAll(async () => {
  run = await quietRun(invariants);
});

const tick = { input: { kind: 'tick', count: 1, wallMs: 0 } } as const;
const electionTicks = (): number => run.follower.replica.config.raft.electionTicks;

/** An append without entries, as it reaches the follower. */
function heartbeat(term: number) {
  const message = {
    ...headerOf(run.leader, run.follower.member),
    kind: 'append',
    term,
    previousIndex: 1,
    previousTerm: 1,
    entries: [],
    commitIndex: 0,
    durableIndex: 0,
    round: 0,
  } as const;
  return { kind: 'message', message, wallMs: 0 } as const;
}

/** A request of the follower for votes, as it reaches the leader. */
function requestOf(
  kind: 'vote' | 'pre-vote',
  log: { readonly lastIndex: number; readonly lastTerm: number },
) {
  const header = headerOf(run.follower, run.leader.member);
  const message = { ...header, kind, term: header.term + 1, ...log, transfer: false } as const;
  return { kind: 'message', message, wallMs: 0 } as const;
}

describe('SilentLeaderIsReplaced', () => {
  const term = (): number => run.leader.replica.raft.term;

  test('is broken by a voter that waits for two election time-outs', () => {
    const watch = silentLeaderIsReplaced.watch(run.ledger);
    watch.stepped?.(stepOf(run.follower, { input: heartbeat(term()) }), run.view);
    for (let count = 1; count < 2 * electionTicks(); count += 1)
      watch.stepped?.(stepOf(run.follower, tick), run.view);
    expect(() => watch.stepped?.(stepOf(run.follower, tick), run.view)).toThrow('is silent');
  });

  test('does not count the long tick in which a leader stepped down', () => {
    const watch = silentLeaderIsReplaced.watch(run.ledger);
    const long = { input: { ...tick.input, count: electionTicks() } } as const;
    watch.stepped?.(stepOf(run.follower, { ...long, before: { role: 'leader' } }), run.view);
    for (let count = 1; count < 2 * electionTicks(); count += 1)
      watch.stepped?.(stepOf(run.follower, tick), run.view);
    expect(() => watch.stepped?.(stepOf(run.follower, tick), run.view)).toThrow('is silent');
  });

  test('hears a leader of the own term, and none of an older one', () => {
    const afterHearing = (heardTerm: number) => (): void => {
      const watch = silentLeaderIsReplaced.watch(run.ledger);
      for (let count = 1; count < 2 * electionTicks(); count += 1)
        watch.stepped?.(stepOf(run.follower, tick), run.view);
      watch.stepped?.(stepOf(run.follower, { input: heartbeat(heardTerm) }), run.view);
      watch.stepped?.(stepOf(run.follower, tick), run.view);
    };
    expect(afterHearing(term())).not.toThrow();
    expect(afterHearing(term() - 1)).toThrow('is silent');
  });
});

describe('OnlyLeadersPutElectionsOff', () => {
  const putOff = (input: ReturnType<typeof heartbeat>) => (): void => {
    const facts = { before: { ticksUntilCampaign: 1 }, after: { ticksUntilCampaign: 50 } };
    run.watchOf(onlyLeadersPutElectionsOff).stepped(stepOf(run.follower, { input, ...facts }), run.view);
  };

  test('is broken by a word of an older term after which a follower waits longer', () => {
    const { term } = run.leader.replica.raft;
    expect(putOff(heartbeat(term))).not.toThrow();
    expect(putOff(heartbeat(term - 1))).toThrow('without a reason');
  });
});

describe('ElectionTimeoutsDiffer', () => {
  /** The follower hears its leader, and draws this wait. */
  const draw = (watch: ReturnType<typeof electionTimeoutsDiffer.watch>, ticks: number): void => {
    const { term } = run.leader.replica.raft;
    const facts = { before: { ticksUntilCampaign: 1 }, after: { ticksUntilCampaign: ticks } };
    watch.stepped?.(stepOf(run.follower, { input: heartbeat(term), ...facts }), run.view);
  };

  test('is broken by sixteen draws in a row that are alike', () => {
    const watch = electionTimeoutsDiffer.watch(run.ledger);
    for (let count = 1; count < 16; count += 1) draw(watch, electionTicks());
    expect(() => draw(watch, electionTicks())).toThrow('all alike');
  });

  test('allows them when one is different', () => {
    const watch = electionTimeoutsDiffer.watch(run.ledger);
    for (let count = 1; count < 16; count += 1) draw(watch, electionTicks());
    draw(watch, electionTicks() + Math.floor(electionTicks() / 2));
    expect(() => draw(watch, electionTicks())).not.toThrow();
  });
});

describe('PreVoteFirst', () => {
  const promise = () => {
    const header = headerOf(run.leader, run.follower.member);
    const message = { ...header, kind: 'pre-vote-reply', term: header.term + 1, granted: true } as const;
    return { kind: 'message', message, wallMs: 0 } as const;
  };
  const campaigns = () => {
    const { term } = run.follower.replica.raft;
    return { before: { term }, after: { term: term + 1, role: 'candidate' } } as const;
  };

  test('is broken by a voter that campaigns by itself', () => {
    const watch = preVoteFirst.watch(run.ledger);
    const step = stepOf(run.follower, { ...tick, ...campaigns() });
    expect(() => watch.stepped?.(step, run.view)).toThrow('without having asked');
  });

  test('allows it with the promise of a majority, or when the leader asks for it', () => {
    const promised = stepOf(run.follower, { input: promise(), ...campaigns() });
    expect(() => preVoteFirst.watch(run.ledger).stepped?.(promised, run.view)).not.toThrow();
    const message = { ...headerOf(run.leader, run.follower.member), kind: 'timeout-now' } as const;
    const told = stepOf(run.follower, { input: { kind: 'message', message, wallMs: 0 }, ...campaigns() });
    expect(() => preVoteFirst.watch(run.ledger).stepped?.(told, run.view)).not.toThrow();
  });
});

describe('VotersKeepTheirLeader', () => {
  const deposed = () => {
    const { term } = run.follower.replica.raft;
    const input = requestOf('vote', { lastIndex: 9_999, lastTerm: 9_999 });
    return { input, before: { term }, after: { term: term + 1, leader: undefined } };
  };

  test('is broken by a leader that a candidate deposes', () => {
    const step = stepOf(run.leader, deposed());
    expect(() => run.watchOf(votersKeepTheirLeader).stepped(step, run.view)).toThrow('deposes a leader');
  });

  test('is broken by a follower that hears its leader, until the connection to it breaks', () => {
    const { term } = run.leader.replica.raft;
    const watch = votersKeepTheirLeader.watch(run.ledger);
    watch.stepped?.(stepOf(run.follower, { input: heartbeat(term) }), run.view);
    expect(() => watch.stepped?.(stepOf(run.follower, deposed()), run.view)).toThrow('deposes a leader');
    const { member } = run.leader;
    watch.stepped?.(stepOf(run.follower, { input: { kind: 'disconnected', member, wallMs: 0 } }), run.view);
    expect(() => watch.stepped?.(stepOf(run.follower, deposed()), run.view)).not.toThrow();
  });
});

describe('VotesForCompleteLogs', () => {
  test.each(['vote', 'pre-vote'] as const)('is broken by a %s for a log that is behind', (kind) => {
    const { raft } = run.leader.replica;
    const granted = {
      ...headerOf(run.leader, run.follower.member),
      kind: kind === 'vote' ? 'vote-reply' : 'pre-vote-reply',
      granted: true,
    } as const;
    const watch = run.watchOf(votesForCompleteLogs);
    const answer = (lastIndex: number, lastTerm: number): void => {
      const input = requestOf(kind, { lastIndex, lastTerm });
      watch.stepped(stepOf(run.leader, { input, output: { sendAfterPersist: [granted] } }), run.view);
    };
    const lastTerm = raft.termAt(raft.lastIndex);
    expect(() => answer(raft.lastIndex, lastTerm)).not.toThrow();
    expect(() => answer(1, lastTerm + 1)).not.toThrow();
    expect(() => answer(raft.lastIndex - 1, lastTerm)).toThrow('behind is voted for');
    expect(() => answer(raft.lastIndex + 9, lastTerm - 1)).toThrow('behind is voted for');
  });
});

describe('TransferTargetIsComplete', () => {
  test('is broken by a target whose disk lacks the last entry', () => {
    const { ledger, leader, view } = run;
    const decide = (way: 'sendNow' | 'sendAfterPersist', to: string) => (): void => {
      const output = { [way]: [{ ...headerOf(leader, to), kind: 'timeout-now' }] };
      transferTargetIsComplete.watch(ledger).stepped?.(stepOf(leader, { output }), view);
    };
    for (const way of ['sendNow', 'sendAfterPersist'] as const) {
      expect(decide(way, leader.member)).not.toThrow();
      expect(decide(way, 'nobody')).toThrow('behind is told to campaign');
    }
  });
});
