/** Terms and elections, by sections of the Raft thesis, and the election bugs of other implementations. */
import { describe, expect, test } from 'vitest';
import { LonePeer } from './testing/lone-peer.ts';
import { Network } from './testing/network.ts';

const kinds = (messages: readonly { readonly kind: string }[]): readonly string[] =>
  messages.map((message) => message.kind);

describe('terms (3.3)', () => {
  test('a newer term in any message of a term is adopted, and its sender is not followed for that', () => {
    const peer = new LonePeer();
    peer.receive('b', { kind: 'vote-reply', term: 5, granted: false });
    expect([peer.raft.term, peer.raft.role, peer.raft.leader]).toEqual([5, 'follower', undefined]);
  });

  test('the leader of an older term is refused and learns the term (B05)', () => {
    const peer = new LonePeer({ term: 4 });
    const [reply] = peer.receiveAppend('b', { term: 3, previousIndex: 1, previousTerm: 1 });
    expect(reply).toMatchObject({ kind: 'append-reply', accepted: false, term: 4 });
    expect(peer.raft.leader).toBeUndefined();
  });

  test('the heartbeat of an older term does not put off an election (B11)', () => {
    const peer = new LonePeer({ term: 4 });
    for (let tick = 0; tick < 25; tick += 1) {
      peer.receiveAppend('b', { term: 3, previousIndex: 1, previousTerm: 1 });
      peer.tick();
    }
    expect(peer.raft.role).toBe('candidate');
  });

  test('a higher term in the answer to a vote changes no vote of this peer (B03)', () => {
    const peer = new LonePeer();
    peer.receive('b', { kind: 'vote-reply', term: 9, granted: true });
    const reply = peer.receive('c', { kind: 'vote', term: 9, lastIndex: 1, lastTerm: 1, transfer: false });
    expect(reply).toMatchObject([{ kind: 'vote-reply', to: 'c', granted: true, term: 9 }]);
  });

  test('a second leader in one term is a bug that stops the peer (B01)', () => {
    const peer = new LonePeer({ term: 2 });
    peer.receiveAppend('b', { term: 2, previousIndex: 1, previousTerm: 1 });
    expect(() => peer.receiveAppend('c', { term: 2, previousIndex: 1, previousTerm: 1 })).toThrow(
      'one leader a term',
    );
  });
});

describe('voting (3.4, 3.6.1)', () => {
  const vote = (from: string, lastIndex: number, lastTerm: number, term = 5) =>
    [from, { kind: 'vote', term, lastIndex, lastTerm, transfer: false }] as const;

  test('one vote a term, repeated to the same candidate only (B01)', () => {
    const peer = new LonePeer({ terms: [1, 1] });
    expect(peer.receive(...vote('b', 2, 1))).toMatchObject([{ granted: true }]);
    expect(peer.receive(...vote('c', 9, 1))).toMatchObject([{ granted: false }]);
    expect(peer.receive(...vote('b', 2, 1))).toMatchObject([{ granted: true }]);
  });

  test('the vote is the same after a restart (B01)', () => {
    const peer = new LonePeer({ term: 5, vote: 'b' });
    expect(peer.receive(...vote('c', 9, 1))).toMatchObject([{ granted: false }]);
    expect(peer.receive(...vote('b', 9, 1))).toMatchObject([{ granted: true }]);
  });

  test.each([
    ['shorter', 1, 2, false],
    ['of an older last term', 9, 1, false],
    ['equal', 2, 2, true],
    ['longer', 3, 2, true],
    ['of a newer last term', 1, 3, true],
  ])('a candidate whose log is %s', (_what, lastIndex, lastTerm, granted) => {
    const peer = new LonePeer({ terms: [1, 2] });
    expect(peer.receive(...vote('b', lastIndex, lastTerm))).toMatchObject([{ granted }]);
  });

  test('term and vote are durable before the answer goes out (B02)', () => {
    const peer = new LonePeer();
    peer.isAutoPersist = false;
    expect(peer.receive(...vote('b', 2, 1))).toEqual([]);
    const output = peer.outputs.at(-1);
    expect(output?.persist?.batch.hardState).toMatchObject({ term: 5, vote: 'b' });
    expect(kinds(output?.sendAfterPersist ?? [])).toEqual(['vote-reply']);
  });

  test('a candidate asks for votes once its own is durable (B02)', () => {
    const peer = new LonePeer();
    while (peer.raft.role !== 'candidate') peer.tick();
    peer.isAutoPersist = false;
    const before = peer.outputs.length;
    peer.receive('b', { kind: 'pre-vote-reply', granted: true, term: 2 });
    const output = peer.outputs[before];
    expect(output?.sendNow).toEqual([]);
    expect(kinds(output?.sendAfterPersist ?? [])).toEqual(['vote', 'vote']);
  });

  test('a single voter leads once its own vote is durable, however long its disk takes (found by simulation)', () => {
    const peer = new LonePeer({ ids: ['a'], terms: [1], term: 1, isAutoPersist: false });
    peer.tick(1_000);
    expect([peer.raft.role, peer.raft.term]).toEqual(['candidate', 2]);
    const ticket = peer.outputs.findLast(({ persist }) => persist !== undefined)?.persist?.ticket ?? 0;
    peer.step({ kind: 'persisted', ticket });
    expect([peer.raft.role, peer.raft.term]).toEqual(['leader', 2]);
  });

  test('votes given twice, for another term or by another incarnation do not count (B01)', () => {
    const peer = new LonePeer({ ids: ['a', 'b', 'c', 'd', 'e'] });
    while (peer.raft.role !== 'candidate') peer.tick();
    for (const id of ['b', 'c']) peer.receive(id, { kind: 'pre-vote-reply', granted: true, term: 2 });
    expect(peer.raft.term).toBe(2);
    peer.receive('b', { kind: 'vote-reply', granted: true });
    peer.receive('b', { kind: 'vote-reply', granted: true });
    peer.receive('c', { kind: 'vote-reply', granted: true, term: 1 });
    peer.receive('d', { kind: 'vote-reply', granted: true, incarnation: 99 });
    expect(peer.raft.role).toBe('candidate');
    peer.receive('e', { kind: 'vote-reply', granted: true });
    expect(peer.raft.role).toBe('leader');
  });

  test('a candidate follows the leader that it hears of in its own term', () => {
    const peer = new LonePeer();
    while (peer.raft.role !== 'candidate') peer.tick();
    peer.receive('b', { kind: 'pre-vote-reply', granted: true, term: 2 });
    peer.receiveAppend('c', { term: 2, previousIndex: 1, previousTerm: 1 });
    expect([peer.raft.role, peer.raft.leader]).toEqual(['follower', 'c']);
  });

  test('a leader never votes for another in its term (B04)', () => {
    const peer = new LonePeer();
    peer.lead();
    const { term } = peer.raft;
    expect(
      peer.receive('b', { kind: 'vote', term, lastIndex: 99, lastTerm: term, transfer: true }),
    ).toMatchObject([{ granted: false }]);
    expect([peer.raft.role, peer.raft.term]).toEqual(['leader', term]);
  });
});

describe('pre-vote (9.6)', () => {
  test('changes nothing at the candidate and at the voter (B05: ra bbd00102)', () => {
    const peer = new LonePeer();
    while (peer.raft.role !== 'candidate') peer.tick();
    expect([peer.raft.term, peer.outputs.some((output) => output.persist !== undefined)]).toEqual([1, false]);
    const voter = new LonePeer();
    const reply = voter.receive('b', { kind: 'pre-vote', term: 7, lastIndex: 1, lastTerm: 1 });
    expect(reply).toMatchObject([{ kind: 'pre-vote-reply', granted: true, term: 7 }]);
    expect([voter.raft.term, voter.outputs.some((output) => output.persist !== undefined)]).toEqual([
      1,
      false,
    ]);
  });

  test('of two that ask each other at once the one with the smaller id campaigns, and the other votes for it', () => {
    const asked = { kind: 'pre-vote', term: 2, lastIndex: 1, lastTerm: 1 } as const;
    const first = new LonePeer({ ids: ['a', 'b', 'c'] });
    const second = new LonePeer({ ids: ['b', 'a', 'c'] });
    for (const peer of [first, second]) while (peer.raft.role !== 'candidate') peer.tick();
    expect(first.receive('b', asked)).toMatchObject([{ kind: 'pre-vote-reply', granted: true }]);
    expect(second.receive('a', asked)).toMatchObject([{ kind: 'pre-vote-reply', granted: true }]);
    for (const [peer, other] of [[first, 'b'] as const, [second, 'a'] as const]) {
      peer.receive(other, { kind: 'pre-vote-reply', granted: true, term: 2 });
    }
    expect([first.raft.term, second.raft.term, second.raft.role]).toEqual([2, 1, 'follower']);
    const vote = { kind: 'vote', term: 2, lastIndex: 1, lastTerm: 1, transfer: false } as const;
    expect(second.receive('a', vote)).toMatchObject([{ kind: 'vote-reply', granted: true }]);
  });

  test('one that gave way asks again after a heartbeat if nobody leads by then', () => {
    const peer = new LonePeer({ ids: ['b', 'a', 'c'] });
    while (peer.raft.role !== 'candidate') peer.tick();
    peer.receive('a', { kind: 'pre-vote', term: 2, lastIndex: 1, lastTerm: 1 });
    peer.tick(2);
    expect(peer.raft.role).toBe('follower');
    expect(peer.tick()).toMatchObject([{ kind: 'pre-vote' }, { kind: 'pre-vote' }]);
  });

  test('nobody gives way to a candidate that is not fit to lead', () => {
    const peer = new LonePeer({ ids: ['b', 'a', 'c'], terms: [1, 1] });
    while (peer.raft.role !== 'candidate') peer.tick();
    peer.receive('a', { kind: 'pre-vote', term: 2, lastIndex: 1, lastTerm: 1 });
    expect(peer.raft.role).toBe('candidate');
  });

  test('a candidate that is behind learns the term from a refusal, and wins later (B05: openraft #1796)', () => {
    const network = Network.led({ ids: ['a', 'b', 'c'] });
    // c is ahead by some terms and lacks the newest entry; a and b are in an older term and cannot elect c.
    network.crash('a');
    const c = network.peer('c');
    c.step({
      kind: 'message',
      message: { kind: 'vote-reply', from: 'b', to: 'c', term: 9, incarnation: 0, granted: false },
    });
    network.tickUntil(() => network.leaders.length === 1);
    expect(network.leader.raft.term).toBeGreaterThan(9);
  });

  test('a stale grant of another term is no grant', () => {
    const peer = new LonePeer({ term: 3 });
    while (peer.raft.role !== 'candidate') peer.tick();
    peer.receive('b', { kind: 'pre-vote-reply', granted: true, term: 3 });
    peer.receive('b', { kind: 'pre-vote-reply', granted: true, term: 9 });
    expect([peer.raft.role, peer.raft.term]).toEqual(['candidate', 3]);
  });

  test('a peer that was cut off comes back without raising its term or deposing the leader (B06)', () => {
    const network = Network.led({ ids: ['a', 'b', 'c'] });
    network.isolate('c');
    network.tick(100);
    expect(network.peer('c').raft.term).toBe(1);
    network.heal();
    network.tick(20);
    expect([network.leader.id, network.leader.raft.term]).toEqual(['a', 1]);
  });
});

describe('one voter', () => {
  test('leads only when it has won an election, and commits only what is durable (B09, B23)', () => {
    const peer = new LonePeer({ ids: ['a'], terms: [1, 1] });
    expect([peer.raft.role, peer.raft.term, peer.raft.commitIndex]).toEqual(['leader', 2, 3]);
    peer.isAutoPersist = false;
    peer.propose('not durable yet');
    expect(peer.raft.commitIndex).toBe(3);
    peer.step({ kind: 'persisted', ticket: peer.outputs.at(-1)?.persist?.ticket ?? 0 });
    expect(peer.raft.commitIndex).toBe(4);
  });

  test('commits its whole log anew after a restart (B09: openraft 681d04da)', () => {
    const network = Network.started({ ids: ['a'] });
    network.leader.propose('one');
    network.crash('a');
    network.restart('a');
    expect(network.peer('a').applied.length).toBe(3);
  });
});

describe('a learner', () => {
  test('does not campaign (B10)', () => {
    const peer = new LonePeer({ learners: ['a'] });
    peer.tick(100);
    peer.step({ kind: 'disconnected', member: 'b' });
    peer.receiveAppend('b', { term: 1, previousIndex: 1, previousTerm: 1 });
    expect(peer.receive('b', { kind: 'timeout-now' })).toEqual([]);
    expect([peer.raft.role, peer.raft.term]).toEqual(['learner', 1]);
  });

  test('votes when asked: it may be a voter already without knowing it (B10)', () => {
    const peer = new LonePeer({ learners: ['a'] });
    const reply = peer.receive('b', { kind: 'vote', term: 2, lastIndex: 9, lastTerm: 1, transfer: false });
    expect(reply).toMatchObject([{ granted: true }]);
  });

  test('does not count for a quorum', () => {
    const peer = new LonePeer({ ids: ['a', 'b', 'c', 'd'], learners: ['d'] });
    peer.lead();
    peer.acceptAppend('d', 2);
    expect(peer.raft.commitIndex).toBe(0);
    peer.acceptAppend('b', 2);
    expect(peer.raft.commitIndex).toBe(2);
  });
});
