import type { Entry } from '@quorate/core/ports';
import { beforeAll, describe, expect, test } from 'vitest';
import { disguised, headerOf, quietRun, type QuietRun, stepOf, writes } from '../testing/quiet-run.ts';
import { atMostOnePendingConfig } from './at-most-one-pending-config.ts';
import { configFollowsLog } from './config-follows-log.ts';
import { singleFounding } from './single-founding.ts';
import { wipedNeverVotes } from './wiped-never-votes.ts';

const invariants = [atMostOnePendingConfig, configFollowsLog, singleFounding, wipedNeverVotes];

let run: QuietRun;
beforeAll(async () => {
  run = await quietRun(invariants);
});

const lastEntry = (): Entry => run.leader.replica.raft.entryAt(run.leader.replica.raft.lastIndex);

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
