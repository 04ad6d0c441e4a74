/** Leadership transfer (Raft thesis 3.10). */
import { describe, expect, test } from 'vitest';
import { LonePeer } from './testing/lone-peer.ts';
import { Network } from './testing/network.ts';

const transfer = (to?: string) => ({ kind: 'transfer', to }) as const;

describe('a leadership transfer', () => {
  test('moves leadership at once, without an election time-out', () => {
    const network = Network.led({ ids: ['a', 'b', 'c'] });
    network.peer('a').step(transfer('c'));
    network.deliver();
    expect([network.leader.id, network.leader.raft.term]).toEqual(['c', 2]);
    expect(network.peer('a').notices).toContainEqual({ kind: 'transfer-done', to: 'c' });
    expect(network.peer('a').raft.canPropose()).toBe('not-leader');
  });

  test('takes no proposals meanwhile, and takes them again when it fails (B12)', () => {
    const peer = new LonePeer();
    peer.lead();
    peer.acceptAppend('b', 2);
    peer.acceptAppend('c', 1);
    peer.step(transfer('c'));
    expect(peer.raft.canPropose()).toBe('overloaded');
    for (let tick = 0; tick < 10; tick += 1) {
      peer.tick();
      peer.acceptAppend('b', 2);
    }
    expect(peer.notices).toContainEqual({ kind: 'transfer-failed', to: 'c' });
    expect(peer.raft.canPropose()).toBe('yes');
  });

  test('waits until the target has the whole log', () => {
    const peer = new LonePeer();
    peer.lead();
    peer.acceptAppend('b', 2);
    peer.propose('x');
    expect(peer.step(transfer('b')).some(({ kind }) => kind === 'timeout-now')).toBe(false);
    expect(peer.acceptAppend('b', 3).some(({ kind, to }) => kind === 'timeout-now' && to === 'b')).toBe(true);
  });

  test('without a target goes to the voter that is furthest, never to a learner', () => {
    const peer = new LonePeer({ ids: ['a', 'b', 'c', 'd'], learners: ['d'] });
    peer.lead();
    peer.acceptAppend('d', 2);
    peer.acceptAppend('b', 1);
    peer.acceptAppend('c', 2);
    expect(peer.step(transfer()).map(({ kind, to }) => [kind, to])).toContainEqual(['timeout-now', 'c']);
  });

  test.each([['d'], ['nobody']])('to %s, who is no voter, fails at once', (to) => {
    const peer = new LonePeer({ ids: ['a', 'b', 'c', 'd'], learners: ['d'] });
    peer.lead();
    peer.acceptAppend('d', 2);
    peer.step(transfer(to));
    expect(peer.notices).toContainEqual({ kind: 'transfer-failed', to });
    expect(peer.raft.canPropose()).toBe('yes');
  });

  test('to an incarnation that is not admitted fails at once', () => {
    const peer = new LonePeer();
    peer.lead();
    peer.acceptAppend('b', 2, { incarnation: 99, admitted: false });
    peer.step(transfer('b'));
    expect(peer.notices).toContainEqual({ kind: 'transfer-failed', to: 'b' });
  });

  test('to itself is done, and at a follower it fails', () => {
    const peer = new LonePeer();
    peer.step(transfer('b'));
    expect(peer.notices).toContainEqual({ kind: 'transfer-failed', to: 'b' });
    peer.lead();
    peer.step(transfer('a'));
    expect(peer.notices).toContainEqual({ kind: 'transfer-done', to: 'a' });
  });

  test('a late or misdirected order to campaign is ignored (B12: openraft d000ee20)', () => {
    const peer = new LonePeer({ term: 3 });
    peer.receiveAppend('b', { term: 3, previousIndex: 1, previousTerm: 1 });
    expect(peer.receive('b', { kind: 'timeout-now', term: 2 })).toEqual([]);
    expect(peer.receive('c', { kind: 'timeout-now', term: 3 })).toEqual([]);
    expect(peer.receive('b', { kind: 'timeout-now', term: 3 }).map(({ kind }) => kind)).toEqual([
      'vote',
      'vote',
    ]);
  });

  test('reads that it overtakes fail or are right, never old (B12: openraft #1747)', () => {
    const network = Network.led({ ids: ['a', 'b', 'c'] });
    const old = network.peer('a');
    old.step(transfer('b'));
    old.notices = [];
    old.step({ kind: 'read', id: 1 });
    network.filter = (message) => message.to !== 'a';
    network.deliver();
    network.leader.propose('new');
    network.filter = () => true;
    network.tick(15);
    expect(old.notices.filter((notice) => notice.kind === 'read-index')).toEqual([]);
    expect(old.notices).toContainEqual({ kind: 'read-failed', ids: [1] });
  });
});
