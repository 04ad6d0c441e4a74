/** How long a leader is followed: its followers, its quorum, its connections; by sections of the Raft thesis. */
import { describe, expect, test } from 'vitest';
import { LonePeer } from './testing/lone-peer.ts';
import { Network } from './testing/network.ts';

describe('leader stickiness (4.2.3)', () => {
  const vote = { kind: 'vote', term: 8, lastIndex: 99, lastTerm: 7 } as const;
  const followed = (): LonePeer => {
    const peer = new LonePeer();
    peer.receiveAppend('b', { term: 1, previousIndex: 1, previousTerm: 1 });
    return peer;
  };

  test('a follower that hears its leader ignores candidates, and does not adopt their term (B06)', () => {
    const peer = followed();
    peer.tick(9);
    expect(peer.receive('c', { ...vote, transfer: false })).toEqual([]);
    expect(peer.raft.term).toBe(1);
    expect(peer.receive('c', { kind: 'pre-vote', term: 2, lastIndex: 99, lastTerm: 7 })).toMatchObject([
      { granted: false, term: 1 },
    ]);
  });

  test('it listens to them after the shortest election time-out', () => {
    const peer = followed();
    peer.tick(10);
    expect(peer.receive('c', { ...vote, transfer: false })).toMatchObject([{ granted: true }]);
  });

  test('it listens to one that its leader sent (3.10)', () => {
    expect(followed().receive('c', { ...vote, transfer: true })).toMatchObject([{ granted: true }]);
  });

  test('it listens to them once its connection to the leader broke', () => {
    const peer = followed();
    peer.step({ kind: 'disconnected', member: 'b' });
    expect(peer.receive('c', { kind: 'pre-vote', term: 2, lastIndex: 9, lastTerm: 1 })).toMatchObject([
      { granted: true },
    ]);
  });

  test('a leader ignores candidates of a newer term as long as it leads', () => {
    const peer = new LonePeer();
    peer.lead();
    expect(peer.receive('c', { ...vote, transfer: false })).toEqual([]);
    expect(peer.raft.role).toBe('leader');
  });
});

describe('check-quorum', () => {
  test('a leader that no quorum answers for an election time-out steps down', () => {
    const peer = new LonePeer();
    peer.lead();
    peer.tick(9);
    expect(peer.raft.role).toBe('leader');
    peer.tick();
    expect([peer.raft.role, peer.raft.leader]).toEqual(['follower', undefined]);
  });

  test('one answer of three members a time-out is enough to stay', () => {
    const peer = new LonePeer();
    peer.lead();
    for (let round = 0; round < 5; round += 1) {
      peer.tick(9);
      peer.acceptAppend('b', 1);
    }
    expect(peer.raft.role).toBe('leader');
    expect(peer.raft.progress().map((view) => view.healthy)).toEqual([true, false]);
    expect(peer.notices).toContainEqual({ kind: 'member-health', member: 'c', healthy: false });
    peer.acceptAppend('c', 1);
    expect(peer.notices).toContainEqual({ kind: 'member-health', member: 'c', healthy: true });
  });

  test('answers of an incarnation that is not the member do not keep a leader', () => {
    const peer = new LonePeer();
    peer.lead();
    for (let tick = 0; tick < 10; tick += 1) {
      peer.tick();
      peer.acceptAppend('b', 0, { incarnation: 99, admitted: false });
    }
    expect(peer.raft.role).toBe('follower');
  });
});

describe('timing', () => {
  test('election time-outs are drawn anew from one to two times the least one (B08)', () => {
    const seen = new Set<number>();
    for (let seed = 0; seed < 200; seed += 1) {
      const peer = new LonePeer({ config: { randomU32: () => seed * 7_919 } });
      let ticks = 0;
      for (; peer.raft.role !== 'candidate'; ticks += 1) peer.tick();
      seen.add(ticks);
    }
    expect([...seen].sort((left, right) => left - right)).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
  });

  test('a burst of ticks after a stall is no proof of silence (B13)', () => {
    const peer = new LonePeer();
    peer.receiveAppend('b', { term: 1, previousIndex: 1, previousTerm: 1 });
    peer.step({ kind: 'tick', count: 1_000 });
    expect([peer.raft.role, peer.raft.leader]).toEqual(['follower', 'b']);
    const leader = new LonePeer();
    leader.lead();
    leader.step({ kind: 'tick', count: 1_000 });
    expect(leader.raft.role).toBe('leader');
    expect(leader.raft.elapsedMs()).toBeGreaterThanOrEqual(10_000);
  });

  test('survivors of a leader that died campaign one after the other, at once', () => {
    const network = Network.led({ ids: ['a', 'b', 'c', 'd', 'e'] });
    network.kill('a');
    network.tick();
    expect([network.leader.id, network.leader.raft.term]).toEqual(['b', 2]);
    network.kill('b');
    network.tick(2);
    expect([network.leader.id, network.leader.raft.term]).toEqual(['c', 3]);
  });

  test('the first in rank may be the one that cannot win: the next one does, below a heartbeat', () => {
    const network = Network.led({ ids: ['a', 'b', 'c'] });
    network.isolate('b');
    network.leader.propose('b lacks this');
    network.deliver();
    network.heal();
    network.kill('a');
    network.tick(3);
    expect(network.leader.id).toBe('c');
  });
});

describe('a connection to the leader that broke', () => {
  const heartbeat = { term: 1, previousIndex: 1, previousTerm: 1 } as const;

  test('is not made good by frames that were still under way', () => {
    const peer = new LonePeer();
    peer.receiveAppend('b', heartbeat);
    peer.step({ kind: 'disconnected', member: 'b' });
    expect(peer.receiveAppend('b', heartbeat)).toMatchObject([{ accepted: true }]);
    peer.tick();
    expect(peer.raft.role).toBe('candidate');
  });

  test('is made good by the next word after it is back', () => {
    const peer = new LonePeer({ ids: ['c', 'b', 'a'] });
    peer.receiveAppend('b', heartbeat);
    peer.step({ kind: 'disconnected', member: 'b' });
    peer.step({ kind: 'connected', member: 'b' });
    peer.receiveAppend('b', heartbeat);
    peer.tick(9);
    expect([peer.raft.role, peer.raft.leader]).toEqual(['follower', 'b']);
  });

  test('lets a leader that lives be followed, but is no reason to ignore others', () => {
    const peer = new LonePeer();
    peer.receiveAppend('b', heartbeat);
    peer.step({ kind: 'disconnected', member: 'b' });
    peer.tick();
    peer.receiveAppend('b', heartbeat);
    expect([peer.raft.role, peer.raft.leader, peer.raft.term]).toEqual(['follower', 'b', 1]);
    const request = { kind: 'pre-vote', term: 2, lastIndex: 1, lastTerm: 1 } as const;
    expect(peer.receive('c', request)).toMatchObject([{ granted: true }]);
    // Frames that come an election time-out later are no leftovers, whatever the transport forgot to say.
    peer.tick(9);
    peer.receiveAppend('b', heartbeat);
    expect(peer.receive('c', request)).toMatchObject([{ granted: false }]);
  });
});

describe('partial partitions (B07)', () => {
  test('a member that reaches only one other does not disturb the leader', () => {
    const network = Network.led({ ids: ['a', 'b', 'c'] });
    network.cut('a', 'c');
    network.tick(200);
    expect([network.leader.id, network.leader.raft.term]).toEqual(['a', 1]);
    network.leader.propose('still going');
    network.deliver();
    expect(network.peer('b').raft.commitIndex).toBe(2);
  });

  test('a leader that hears nobody gives way to one that is heard', () => {
    const network = Network.led({ ids: ['a', 'b', 'c'] });
    for (const other of ['b', 'c']) network.cutOneWay(other, 'a');
    network.tickUntil(() => network.leaders.some((peer) => peer.id !== 'a'));
    const { term } = network.leader.raft;
    network.tick(200);
    expect([network.leader.raft.term, network.leaders.length]).toEqual([term, 1]);
  });

  test('a bridge between two halves keeps one leader', () => {
    const network = Network.led({ ids: ['a', 'b', 'c', 'd', 'e'] });
    for (const one of ['a', 'b']) for (const other of ['d', 'e']) network.cut(one, other);
    network.tick(100);
    const { term } = network.leader.raft;
    network.tick(300);
    expect([network.leader.raft.term, network.leaders.length]).toEqual([term, 1]);
  });
});
