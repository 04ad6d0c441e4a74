import { beforeAll, describe, expect, test } from 'vitest';
import type { ObservedPeer, WorldView } from '../invariant.ts';
import { disguised, type QuietRun, quietRun, stepOf } from '../testing/quiet-run.ts';
import { converged } from './converged.ts';
import { leaderElected } from './leader-elected.ts';
import { noElectionStorm } from './no-election-storm.ts';
import { sessionsExpire } from './sessions-expire.ts';
import { snapshotsFinish } from './snapshots-finish.ts';

const invariants = [converged, leaderElected, noElectionStorm, sessionsExpire, snapshotsFinish];

let run: QuietRun;
beforeAll(async () => {
  run = await quietRun(invariants);
});

/** The healed world at a moment, with these peers in it. */
function healed(nowMs: number, peers: readonly ObservedPeer[] = run.view.peers): WorldView {
  return { ...run.view, peers, core: run.view.members, healedAtMs: 10_000, nowMs };
}

describe('LeaderElected', () => {
  const leaderless = (): readonly ObservedPeer[] =>
    run.view.peers.map((peer) => disguised(peer, { raft: { role: 'follower', leader: undefined } }));

  test('is broken when nobody leads for longer than ten election time-outs', () => {
    const watch = leaderElected.watch(run.ledger);
    watch.swept?.(healed(10_000, leaderless()));
    watch.swept?.(healed(15_000, leaderless()));
    expect(() => watch.swept?.(healed(15_001, leaderless()))).toThrow('nobody leads');
  });

  test('begins to count again when somebody led, and does not count during the faults', () => {
    const watch = leaderElected.watch(run.ledger);
    watch.swept?.({ ...healed(0, leaderless()), healedAtMs: undefined });
    watch.swept?.(healed(11_000, leaderless()));
    watch.swept?.(healed(14_000));
    expect(() => watch.swept?.(healed(17_000, leaderless()))).not.toThrow();
  });
});

describe('Converged', () => {
  test('is broken by a member that stays behind', () => {
    const watch = converged.watch(run.ledger);
    const behind = run.view.peers.map((peer) =>
      peer === run.follower ? disguised(peer, { machine: { appliedIndex: 1 } }) : peer,
    );
    watch.swept?.(healed(10_000, behind));
    expect(() => watch.swept?.(healed(15_001, behind))).toThrow('stays behind');
  });

  test('is broken by members that do not agree who leads', () => {
    const watch = converged.watch(run.ledger);
    const split = run.view.peers.map((peer) =>
      peer === run.follower ? disguised(peer, { raft: { leader: 'x' } }) : peer,
    );
    watch.swept?.(healed(10_000, split));
    watch.swept?.(healed(14_000));
    watch.swept?.(healed(14_500, split));
    expect(() => watch.swept?.(healed(19_501, split))).toThrow('does not agree who leads');
  });
});

describe('SessionsExpire', () => {
  test('is broken by a silent session that lives on, with patience for a slow clock', () => {
    const watch = run.watchOf(sessionsExpire);
    expect(() => watch.swept(healed(30_000))).not.toThrow();
    const facts = expect.objectContaining({ timeoutMs: 10_000 });
    expect(() => watch.swept(healed(30_001))).toThrow(expect.objectContaining({ facts }));
  });

  test('hears a touch', () => {
    const watch = sessionsExpire.watch(run.ledger);
    const sessions = run.leader.replica.machine.sessions().map(({ sessionId }) => sessionId);
    const step = stepOf(run.leader, { input: { kind: 'touch', id: 1, sessions, wallMs: 0 } });
    watch.stepped?.(step, healed(20_000));
    expect(() => watch.swept?.(healed(40_000))).not.toThrow();
    expect(() => watch.swept?.(healed(40_001))).toThrow('lives on');
  });
});

describe('NoElectionStorm', () => {
  const elected = (term: number) => stepOf(run.follower, { after: { role: 'leader', term } });

  test('is broken by two elections within a minute after the core has settled', () => {
    const watch = noElectionStorm.watch(run.ledger);
    watch.stepped?.(elected(10), healed(12_000));
    watch.stepped?.(elected(11), healed(20_000));
    watch.stepped?.(elected(12), healed(80_000));
    expect(() => watch.stepped?.(elected(13), healed(139_999))).toThrow('although nothing is wrong');
  });

  test('allows a transfer that somebody asked for', () => {
    const watch = noElectionStorm.watch(run.ledger);
    watch.stepped?.(elected(10), healed(20_000));
    watch.stepped?.(
      stepOf(run.leader, { input: { kind: 'transfer', to: undefined, wallMs: 0 } }),
      healed(21_000),
    );
    expect(() => watch.stepped?.(elected(11), healed(21_100))).not.toThrow();
  });
});

describe('SnapshotsFinish', () => {
  const sending = (matchIndex: number): readonly ObservedPeer[] => [
    disguised(run.leader, {
      raft: { progress: () => [{ member: run.follower.member, state: 'snapshot', matchIndex }] },
    }),
  ];

  test('is broken by a follower that waits for a snapshot for ever', () => {
    const watch = snapshotsFinish.watch(run.ledger);
    watch.swept?.(healed(10_000, sending(1)));
    watch.swept?.(healed(14_000, sending(2)));
    watch.swept?.(healed(18_000, sending(2)));
    expect(() => watch.swept?.(healed(19_001, sending(2)))).toThrow('does not arrive');
  });
});
