import { BatchBuilder, encodeSystemBatch, type SystemOp } from '@quorate/core/inspect';
import type { Entry } from '@quorate/core/ports';
import { beforeAll, describe, expect, test } from 'vitest';
import { disguised, headerOf, type QuietRun, quietRun, stepOf } from '../testing/quiet-run.ts';
import { expiryAfterFullTimeout } from './expiry-after-full-timeout.ts';
import { expiryOnEvidence } from './expiry-on-evidence.ts';
import { linearizableReadIsFresh } from './linearizable-read-is-fresh.ts';
import { noTouchWhileExpiring } from './no-touch-while-expiring.ts';
import { onlyTheHolderActs } from './only-the-holder-acts.ts';
import { sessionRequestsWithoutGaps } from './session-requests-without-gaps.ts';
import { touchConfirmedByMajority } from './touch-confirmed-by-majority.ts';

const invariants = [
  expiryAfterFullTimeout,
  expiryOnEvidence,
  linearizableReadIsFresh,
  noTouchWhileExpiring,
  onlyTheHolderActs,
  sessionRequestsWithoutGaps,
  touchConfirmedByMajority,
];

let run: QuietRun;
beforeAll(async () => {
  run = await quietRun(invariants);
});

const touch = (id: number, sessions = [run.sessionId]) =>
  ({ kind: 'touch', id, sessions, wallMs: 0 }) as const;
const touched = (id: number, sessions = [run.sessionId]) => ({
  notices: [{ kind: 'touched', id, sessions } as const],
});
const tick = { kind: 'tick', count: 1, wallMs: 0 } as const;

function entryOf(op: SystemOp): Entry {
  const { raft } = run.leader.replica;
  const body = encodeSystemBatch({ kind: 'system', origin: 'a', incarnation: 1, ticket: 0, op });
  return { ...raft.entryAt(raft.lastIndex), index: raft.lastIndex + 1, kind: 'commands', body };
}

const expiry = (sessionId: number, lastRequest = 0) =>
  entryOf({ kind: 'expire-session', sessionId, lastRequest });
const writes = (entry: Entry) => ({ persists: [{ ticket: 99, batch: { entries: [entry] } }] });

describe('TouchConfirmedByMajority', () => {
  test('is broken by a touch that is confirmed as it arrives', () => {
    const step = stepOf(run.leader, { input: touch(1_001), output: touched(1_001) });
    expect(() => run.watchOf(touchConfirmedByMajority).stepped(step, run.view)).toThrow('without a majority');
  });

  test('is broken by an old round, and satisfied by a later one', () => {
    const { leader, view } = run;
    const watch = run.watchOf(touchConfirmedByMajority);
    const voters = leader.replica.raft.membership.members;
    const append = {
      kind: 'append',
      previousIndex: 0,
      previousTerm: 0,
      entries: [],
      commitIndex: 0,
      durableIndex: 0,
    } as const;
    const reply = {
      kind: 'append-reply',
      accepted: true,
      matchIndex: 0,
      hintIndex: 0,
      hintTerm: 0,
      previousIndex: 0,
      admitted: true,
    } as const;
    const other = Object.keys(voters).find((id) => id !== leader.member) ?? '';
    const header = headerOf(leader, other);
    const answer = {
      ...header,
      from: other,
      to: leader.member,
      incarnation: voters[other]?.incarnation ?? 0,
    };
    const began = (round: number) =>
      stepOf(leader, { output: { sendNow: [{ ...header, ...append, round }] } });
    const echoed = (round: number, id: number) =>
      stepOf(leader, {
        input: { kind: 'message', message: { ...answer, ...reply, round }, wallMs: 0 },
        output: touched(id),
      });
    watch.stepped(began(5_000), view);
    watch.stepped(stepOf(leader, { input: touch(1_002) }), view);
    expect(() => watch.stepped(echoed(5_000, 1_002), view)).toThrow('without a majority');
    watch.stepped(began(5_001), view);
    expect(() => watch.stepped(echoed(5_001, 1_002), view)).not.toThrow();
  });

  test('is broken by a peer that does not lead, and by a touch that nobody made', () => {
    const watch = run.watchOf(touchConfirmedByMajority);
    const byFollower = stepOf(run.follower, { output: touched(1) });
    expect(() => watch.stepped(byFollower, run.view)).toThrow('does not lead');
    expect(() => watch.stepped(stepOf(run.leader, { output: touched(9_999) }), run.view)).toThrow(
      'nobody made',
    );
  });

  test('waits with a touch that came before the election for a round of the new leadership', () => {
    const { follower, view } = run;
    const watch = touchConfirmedByMajority.watch(run.ledger);
    watch.stepped?.(stepOf(follower, { input: touch(1_004) }), view);
    watch.stepped?.(stepOf(follower, { after: { role: 'leader', term: 90 } }), view);
    const confirmed = stepOf(follower, { output: touched(1_004), after: { role: 'leader', term: 90 } });
    expect(() => watch.stepped?.(confirmed, view)).toThrow('without a majority');
  });

  test('is broken by a leader that was deposed before the touch came', () => {
    const { leader, follower, view } = run;
    const watch = run.watchOf(touchConfirmedByMajority);
    const term = leader.replica.raft.term + 1;
    watch.stepped(stepOf(follower, { after: { role: 'leader', term } }), view);
    watch.stepped(stepOf(leader, { input: touch(1_003) }), view);
    expect(() => watch.stepped(stepOf(leader, { output: touched(1_003) }), view)).toThrow('a deposed leader');
  });
});

describe('NoTouchWhileExpiring', () => {
  test('is broken by a confirmation behind the expiry, until that is applied', () => {
    const watch = run.watchOf(noTouchWhileExpiring);
    const entry = expiry(77);
    watch.stepped(stepOf(run.leader, { input: tick, output: writes(entry) }), run.view);
    const confirmed = touched(1, [76, 77]);
    expect(() => watch.stepped(stepOf(run.leader, { output: confirmed }), run.view)).toThrow(
      'expires at once',
    );
    const after = { appliedIndex: entry.index };
    expect(() => watch.stepped(stepOf(run.leader, { output: confirmed, after }), run.view)).not.toThrow();
  });
});

describe('ExpiryAfterFullTimeout', () => {
  test('is broken by a leader that expires a session which it has just heard', () => {
    const step = stepOf(run.leader, { input: tick, output: writes(expiry(run.sessionId)) });
    const facts = expect.objectContaining({ sessionId: run.sessionId, timeoutMs: 10_000 });
    expect(() => run.watchOf(expiryAfterFullTimeout).stepped(step, run.view)).toThrow(
      expect.objectContaining({ facts }),
    );
  });

  test('allows it after the whole time-out', () => {
    const later = run.leader.replica.raft.elapsedMs() + 10_000;
    const peer = Object.assign(
      { ...run.leader },
      disguised(run.leader, { raft: { elapsedMs: () => later } }),
    );
    const watch = expiryAfterFullTimeout.watch(run.ledger);
    watch.stepped?.(stepOf(run.leader, {}), run.view);
    const step = { ...stepOf(peer, { input: tick, output: writes(expiry(run.sessionId)) }) };
    // The watch knows the leader by its object.
    const { replica } = run.leader;
    Object.assign(run.leader, { replica: peer.replica });
    expect(() => watch.stepped?.({ ...step, peer: run.leader }, run.view)).not.toThrow();
    Object.assign(run.leader, { replica });
  });
});

describe('what is applied of a session', () => {
  const applied = (items: readonly object[]) => {
    const index = run.ledger.fresh.index + 1;
    return { applied: [{ index, items: items as never }] };
  };
  const replies = (firstRequest: number, count: number) => ({
    kind: 'replies',
    sessionId: 88,
    holder: 1,
    firstRequest,
    replies: Array.from({ length: count }, (_each, at) => ({ zxid: 10_000 + at, result: { kind: 'none' } })),
  });
  const system = (result: object) => ({
    kind: 'system',
    origin: 'a',
    incarnation: 1,
    ticket: 0,
    reply: { zxid: 1, result },
  });

  test('SessionRequestsWithoutGaps is broken by a request that was left out, not by a resumption', () => {
    const watch = run.watchOf(sessionRequestsWithoutGaps);
    const tell = (...items: object[]) =>
      watch.stepped(stepOf(run.leader, { output: applied(items) }), run.view);
    tell(replies(1, 3));
    tell(replies(2, 3));
    const resumed = { kind: 'session', sessionId: 88, timeoutMs: 1, holder: 2, nextRequest: 6 };
    tell(system(resumed), replies(6, 1));
    expect(() => tell(replies(8, 1))).toThrow('applied before the one before it');
  });

  test.each([
    ['an expiry in spite of a later request', 2, { kind: 'none' }],
    ['a rejection without any', 3, { kind: 'error', code: 'COMPARE_FAILED', details: {} }],
  ])('ExpiryOnEvidence is broken by %s', (_what, named, result) => {
    const entry = expiry(88, named);
    const peer = disguised(run.leader, { raft: { entryAt: () => entry } });
    const tell = (outcome: object) =>
      run
        .watchOf(expiryOnEvidence)
        .stepped(stepOf(peer, { output: applied([replies(1, 3), system(outcome)]) }), run.view);
    const right = named < 3 ? { kind: 'error', code: 'COMPARE_FAILED', details: {} } : { kind: 'none' };
    expect(() => tell(right)).not.toThrow();
    expect(() => tell(result)).toThrow('against the evidence');
  });
});

describe('OnlyTheHolderActs', () => {
  const sessionId = 88;
  const session = (holder: number) => ({
    kind: 'system',
    reply: { zxid: 1, result: { kind: 'session', sessionId, timeoutMs: 1, holder, nextRequest: 6 } },
  });
  const replies = { kind: 'replies', sessionId, holder: 9, firstRequest: 6, replies: [] };
  const batchOf = (holder: number): Uint8Array => {
    const builder = new BatchBuilder();
    builder.add({ kind: 'noop' });
    return builder.finish({ sessionId, holder, firstRequest: 6, acknowledgedThrough: 0 });
  };
  const resumption = (heldBy: number) =>
    entryOf({ kind: 'resume-session', sessionId, secretHash: new Uint8Array(32), heldBy });

  /** Tells a watch of one entry after the other, each with what applying it gave. */
  const teller = () => {
    const watch = onlyTheHolderActs.watch(run.ledger);
    const index = run.ledger.fresh.index + 1;
    return (entry: Pick<Entry, 'kind' | 'body'>, ...items: readonly object[]) => {
      const peer = disguised(run.leader, { raft: { entryAt: () => ({ ...entry, index }) } });
      watch.stepped?.(stepOf(peer, { output: { applied: [{ index, items: items as never }] } }), run.view);
    };
  };
  const commands = (body: Uint8Array) => ({ kind: 'commands', body }) as const;

  test('is broken by a batch of an earlier holder that was not refused', () => {
    const tell = teller();
    tell(resumption(1), session(9));
    tell(commands(batchOf(9)), replies);
    const refused = { kind: 'refused', sessionId, holder: 1, code: 'SESSION_EXPIRED' };
    const both = new Uint8Array([...batchOf(1), ...batchOf(9)]);
    expect(() => tell(commands(both), refused, replies)).not.toThrow();
    expect(() => tell(commands(both), replies)).toThrow('an earlier holder acts');
    expect(() => tell(commands(batchOf(1)), replies)).toThrow('an earlier holder acts');
  });

  test('takes both holders in the entry of the resumption itself', () => {
    const tell = teller();
    tell(resumption(1), session(9));
    const entry = resumption(9);
    const body = new Uint8Array([...batchOf(9), ...entry.body, ...batchOf(10)]);
    expect(() => tell({ ...entry, body }, replies, session(10), replies)).not.toThrow();
    expect(() => tell(commands(batchOf(9)), replies)).toThrow('an earlier holder acts');
  });

  test('is broken by a resumption that names an older holder, not by one that came twice', () => {
    const tell = teller();
    tell(resumption(1), session(9));
    tell(resumption(1), session(9));
    tell(resumption(9), session(10));
    expect(() => tell(resumption(1), session(9))).toThrow('from a later holder');
  });
});

describe('LinearizableReadIsFresh', () => {
  const query = { kind: 'barrier' } as const;
  const ask = (id: number, consistency: 'session' | 'linearizable') => {
    const request = { id, sessionId: 0, afterRequest: 0, minZxid: 0, consistency, query };
    return { kind: 'read', request, wallMs: 0 } as const;
  };
  const answer = (id: number) => ({ reads: [{ kind: 'answer', id, zxid: 1, answer: query } as const] });

  test('is broken by an answer from before what was committed, for a linearizable read only', () => {
    const watch = run.watchOf(linearizableReadIsFresh);
    const old = { appliedIndex: run.ledger.commits.index - 1 };
    watch.stepped(
      stepOf(run.follower, { input: ask(1, 'session'), output: answer(1), after: old }),
      run.view,
    );
    watch.stepped(stepOf(run.follower, { input: ask(2, 'linearizable') }), run.view);
    const step = stepOf(run.follower, { output: answer(2), after: old });
    expect(() => watch.stepped(step, run.view)).toThrow('answered from the past');
  });
});
