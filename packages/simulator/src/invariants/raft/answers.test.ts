import { beforeAll, describe, expect, test } from 'vitest';
import { disguised, headerOf, type QuietRun, quietRun, stepOf } from '../testing/quiet-run.ts';
import { answerMovesSnapshot } from './answer-moves-snapshot.ts';
import { noReadForgotten } from './no-read-forgotten.ts';
import { readIndexOfOwnTerm } from './read-index-of-own-term.ts';
import { snapshotFollowsAnswers } from './snapshot-follows-answers.ts';

let run: QuietRun;
beforeAll(async () => {
  run = await quietRun([answerMovesSnapshot, noReadForgotten, readIndexOfOwnTerm, snapshotFollowsAnswers]);
});

describe('AnswerMovesSnapshot', () => {
  const meta = { index: 9, term: 1, elapsedMs: 0, membership: new Uint8Array(0) };
  const receiver = { state: 'snapshot' } as const;

  function teller() {
    const { leader, follower, ledger, view } = run;
    const watch = answerMovesSnapshot.watch(ledger);
    const to = follower.member;
    const sender = disguised(leader, { raft: { progressOf: () => receiver } });
    const readAt = (offset: number) => ({ snapshotReads: [{ to, meta, offset, length: 512 }] });
    const send = (offset: number): void => {
      const chunk = { meta, offset, bytes: new Uint8Array(1), last: false, round: 0 };
      const message = { ...headerOf(leader, to), kind: 'install-snapshot', ...chunk } as const;
      watch.stepped?.(stepOf(sender, { output: { sendNow: [message] } }), view);
    };
    const ask = (nextOffset: number, output = {}): void => {
      const answer = { index: 9, nextOffset, installed: false, round: 0 };
      const header = { ...headerOf(follower, leader.member), term: leader.replica.raft.term };
      const message = { ...header, kind: 'install-snapshot-reply', ...answer } as const;
      watch.stepped?.(stepOf(sender, { input: { kind: 'message', message, wallMs: 0 }, output }), view);
    };
    return { ask, readAt, send };
  }

  test('is broken by a leader that stays where the receiver has nothing', () => {
    const { ask, readAt, send } = teller();
    send(0);
    ask(512, readAt(512));
    send(512);
    ask(512);
    expect(() => ask(0)).toThrow('passes over');
  });

  test('lets an answer pass that comes while another chunk is read, and a new beginning', () => {
    const { ask, readAt, send } = teller();
    send(512);
    ask(1_024, readAt(0));
    ask(0);
    send(0);
    expect(() => ask(512)).toThrow('passes over');
  });
});

describe('NoReadForgotten', () => {
  const settled = (kind: 'read-index' | 'read-failed', ids: readonly number[]) =>
    ({ notices: [kind === 'read-index' ? { kind, ids, index: 1 } : { kind, ids }] }) as const;

  test('is broken by an id that stays open while later ones are settled', () => {
    const { follower, ledger, view } = run;
    const watch = noReadForgotten.watch(ledger);
    const { electionTicks } = follower.replica.config.raft;
    const wait = (ticks: number): void => {
      for (let count = 0; count < ticks; count += 1) {
        const input = { kind: 'tick', count: 1, wallMs: 0 } as const;
        watch.stepped?.(stepOf(follower, { input }), view);
      }
    };
    watch.stepped?.(stepOf(follower, { output: settled('read-index', [2]) }), view);
    wait(electionTicks - 1);
    watch.stepped?.(stepOf(follower, { output: settled('read-failed', [1]) }), view);
    wait(electionTicks);
    watch.stepped?.(stepOf(follower, { output: settled('read-failed', [4]) }), view);
    wait(electionTicks - 1);
    expect(() => wait(1)).toThrow('nobody answers it');
  });
});

describe('ReadIndexOfOwnTerm', () => {
  test('is broken by a new leader that reads at what an earlier one has committed', () => {
    const { leader, follower, ledger, view } = run;
    const { lastIndex } = leader.replica.raft;
    const tell = (output: object): void => {
      const watch = readIndexOfOwnTerm.watch(ledger);
      watch.stepped?.(stepOf(leader, { before: { role: 'candidate' } }), view);
      watch.stepped?.(stepOf(leader, { output }), view);
    };
    const own = (index: number) => ({ notices: [{ kind: 'read-index', ids: [1], index }] });
    const reply = (index: number) => {
      const header = headerOf(leader, follower.member);
      return { sendNow: [{ ...header, kind: 'read-index-reply', id: 1, index }] };
    };
    for (const given of [own, reply]) {
      tell(given(lastIndex + 1));
      expect(() => tell(given(lastIndex))).toThrow('before its term has committed');
    }
    tell(reply(-1));
  });
});

describe('SnapshotFollowsAnswers', () => {
  test('is broken by a leader that goes on although the receiver asks to begin anew', () => {
    const { leader, follower, ledger, view } = run;
    const watch = snapshotFollowsAnswers.watch(ledger);
    const meta = { index: 9, term: 1, elapsedMs: 0, membership: new Uint8Array(0) };
    const send = (offset: number): void => {
      const chunk = { meta, offset, bytes: new Uint8Array(1), last: false, round: 0 };
      const message = { ...headerOf(leader, follower.member), kind: 'install-snapshot', ...chunk } as const;
      watch.sent?.({ peer: leader, message }, view);
    };
    const ask = (nextOffset: number): void => {
      const answer = { index: 9, nextOffset, installed: false, round: 0 };
      const header = { ...headerOf(follower, leader.member), term: leader.replica.raft.term };
      const message = { ...header, kind: 'install-snapshot-reply', ...answer } as const;
      watch.stepped?.(stepOf(leader, { input: { kind: 'message', message, wallMs: 0 } }), view);
    };
    send(0);
    ask(512);
    send(512);
    send(512);
    for (let count = 0; count < 2; count += 1) {
      ask(0);
      send(512);
    }
    ask(0);
    expect(() => send(512)).toThrow('nobody asks for');
  });
});
