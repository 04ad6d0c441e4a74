/** Linearizable reads by read index (Raft thesis 6.4). */
import { describe, expect, test } from 'vitest';
import { LonePeer } from './testing/lone-peer.ts';
import { Network } from './testing/network.ts';

const read = (id: number) => ({ kind: 'read', id }) as const;

/** A leader of three whose first entry is committed at index 2. */
function leader(): LonePeer {
  const peer = new LonePeer();
  peer.lead();
  peer.acceptAppend('b', 2);
  peer.notices = [];
  return peer;
}

function followerOf(leaderId: string): LonePeer {
  const peer = new LonePeer();
  peer.receiveAppend(leaderId, { term: 1, previousIndex: 1, previousTerm: 1 });
  peer.notices = [];
  return peer;
}

describe('at the leader', () => {
  test('a read is answered by a round that began after it, not by an older one', () => {
    const peer = leader();
    peer.step(read(1));
    expect(peer.notices).toEqual([]);
    peer.acceptAppend('b', 2, { round: 0 });
    expect(peer.notices).toEqual([]);
    peer.acceptAppend('b', 2, { round: 1 });
    expect(peer.notices).toEqual([{ kind: 'read-index', ids: [1], index: 2 }]);
  });

  test('an echo of an earlier read’s round confirms no later read', () => {
    const peer = leader();
    peer.step(read(1));
    peer.step(read(2));
    peer.acceptAppend('b', 2, { round: 1 });
    expect(peer.notices).toEqual([{ kind: 'read-index', ids: [1], index: 2 }]);
  });

  test('nothing is read before an entry of the own term is committed (B59: etcd #7331)', () => {
    const peer = new LonePeer({ terms: [1, 1] });
    peer.lead();
    peer.notices = [];
    expect(peer.step(read(1))).toEqual([]);
    peer.acceptAppend('b', 2, { round: 0 });
    expect(peer.notices).toEqual([]);
    peer.acceptAppend('b', 3, { round: 0 });
    peer.acceptAppend('c', 3, { round: 1 });
    expect(peer.notices).toEqual([{ kind: 'read-index', ids: [1], index: 3 }]);
  });

  test('a refused append proves leadership as well as an accepted one', () => {
    const peer = leader();
    peer.step(read(1));
    const refusal = { accepted: false, matchIndex: 0, hintIndex: 0, hintTerm: 0, previousIndex: 2, round: 1 };
    peer.receive('c', { kind: 'append-reply', admitted: true, ...refusal });
    expect(peer.notices).toEqual([{ kind: 'read-index', ids: [1], index: 2 }]);
  });

  test('reads share a round while many are under way, and none is left behind', () => {
    const peer = leader();
    for (let id = 1; id <= 20; id += 1) peer.step(read(id));
    for (let round = 1; round <= 12; round += 1) peer.acceptAppend('b', 2, { round });
    const answered = peer.notices.flatMap((notice) => (notice.kind === 'read-index' ? notice.ids : []));
    expect(answered).toEqual(Array.from({ length: 20 }, (_, position) => position + 1));
    const rounds = new Set(
      peer.sent.flatMap((message) => (message.kind === 'append' ? [message.round] : [])),
    );
    expect(rounds.size).toBeLessThanOrEqual(10);
  });

  test('an incarnation that is not the member confirms nothing', () => {
    const peer = leader();
    peer.step(read(1));
    peer.acceptAppend('c', 2, { round: 1, incarnation: 99, admitted: false });
    expect(peer.notices).toEqual([]);
  });

  test('a single voter confirms at once', () => {
    const peer = new LonePeer({ ids: ['a'] });
    peer.notices = [];
    peer.step(read(1));
    expect(peer.notices).toEqual([{ kind: 'read-index', ids: [1], index: 2 }]);
  });

  test('reads fail when leadership is lost: those asked here and those of followers (B29)', () => {
    const peer = leader();
    peer.step(read(1));
    peer.receive('b', { kind: 'read-index', id: 7 });
    const sent = peer.receiveAppend('c', { term: 9, previousIndex: 0, previousTerm: 0 });
    expect(peer.notices).toContainEqual({ kind: 'read-failed', ids: [1] });
    expect(sent).toContainEqual(
      expect.objectContaining({ kind: 'read-index-reply', to: 'b', id: 7, index: -1 }),
    );
  });
});

describe('at a follower', () => {
  test('a read goes to the leader, and its answer comes back', () => {
    const peer = followerOf('b');
    expect(peer.step(read(4))).toMatchObject([{ kind: 'read-index', to: 'b', id: 4 }]);
    peer.receive('b', { kind: 'read-index-reply', id: 4, index: 9 });
    expect(peer.notices).toEqual([{ kind: 'read-index', ids: [4], index: 9 }]);
  });

  test('a read waits for a leader, and is sent when there is one', () => {
    const peer = new LonePeer();
    expect(peer.step(read(4))).toEqual([]);
    const sent = peer.receiveAppend('c', { term: 1, previousIndex: 1, previousTerm: 1 });
    expect(sent.map(({ kind, to }) => [kind, to])).toContainEqual(['read-index', 'c']);
  });

  test('a late answer to an attempt that was given up is ignored (B59: etcd #20418)', () => {
    const peer = followerOf('b');
    peer.step(read(4));
    peer.receiveAppend('c', { term: 2, previousIndex: 1, previousTerm: 1 });
    expect(peer.notices).toContainEqual({ kind: 'read-failed', ids: [4] });
    peer.notices = [];
    peer.receive('b', { kind: 'read-index-reply', id: 4, index: 1, term: 2 });
    expect(peer.notices).toEqual([]);
  });

  test('a read fails at once when the leader refuses it, or its connection breaks, else in time (B29)', () => {
    const refused = followerOf('b');
    refused.step(read(1));
    refused.receive('b', { kind: 'read-index-reply', id: 1, index: -1 });
    expect(refused.notices).toEqual([{ kind: 'read-failed', ids: [1] }]);
    const cut = followerOf('b');
    cut.step(read(1));
    cut.step({ kind: 'disconnected', member: 'b' });
    expect(cut.notices).toEqual([{ kind: 'read-failed', ids: [1] }]);
    const silent = followerOf('b');
    silent.step(read(1));
    silent.tick(10);
    expect(silent.notices).toContainEqual({ kind: 'read-failed', ids: [1] });
  });

  test('somebody who does not lead refuses', () => {
    const peer = followerOf('b');
    expect(peer.receive('c', { kind: 'read-index', id: 3 })).toMatchObject([{ id: 3, index: -1 }]);
    expect(peer.receive('c', { kind: 'read-index', id: 4, term: 0 })).toMatchObject([{ id: 4, index: -1 }]);
  });
});

test('a leader that was replaced without knowing it confirms no read (B59)', () => {
  const network = Network.led({ ids: ['a', 'b', 'c'] });
  network.isolate('a');
  for (const id of ['b', 'c']) network.peer(id).step({ kind: 'disconnected', member: 'a' });
  network.tickUntil(() => network.leaders.some((peer) => peer.id !== 'a'));
  const deposed = network.peer('a');
  network.leader.propose('the old leader does not have this');
  network.deliver();
  expect(deposed.raft.role).toBe('leader');
  deposed.notices = [];
  deposed.step(read(1));
  network.heal();
  network.tick(20);
  expect(deposed.notices.filter((notice) => notice.kind === 'read-index')).toEqual([]);
  expect(deposed.notices).toContainEqual({ kind: 'read-failed', ids: [1] });
});
