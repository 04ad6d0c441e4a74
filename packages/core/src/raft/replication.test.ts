/** What a leader sends and commits, by sections of the Raft thesis, and the bugs of other implementations. */
import { describe, expect, test } from 'vitest';
import type { Append } from './messages.ts';
import { append, LonePeer } from './testing/lone-peer.ts';
import { Network } from './testing/network.ts';

const appends = (messages: readonly { readonly kind: string }[]): readonly Append[] =>
  messages.filter((message): message is Append => message.kind === 'append');

describe('commitment', () => {
  test('an entry of an older term is never committed by counting, only behind one of the own term (Figure 3.7, B14)', () => {
    const peer = new LonePeer({ ids: ['a', 'b', 'c', 'd', 'e'], terms: [1, 2], term: 3 });
    peer.isAutoPersist = true;
    peer.lead();
    peer.acceptAppend('b', 2);
    peer.acceptAppend('c', 2);
    peer.acceptAppend('d', 2);
    expect(peer.raft.commitIndex).toBe(0);
    peer.acceptAppend('b', 3);
    peer.acceptAppend('c', 3);
    expect(peer.raft.commitIndex).toBe(3);
  });

  test('the story of Figure 3.7: what (c) has on a majority may still be overwritten, and nobody has applied it', () => {
    const ids = ['a', 'b', 'c', 'd', 'e'];
    const network = Network.led({ ids });
    const only = (...reached: readonly string[]): void => {
      network.heal();
      for (const one of ids) {
        for (const other of ids)
          if (!reached.includes(one) || !reached.includes(other)) network.cutOneWay(one, other);
      }
    };
    only('a', 'b');
    network.peer('a').propose('two');
    network.deliver();
    expect(network.peer('b').raft.lastIndex).toBe(2);
    network.crash('a');
    only('c', 'd', 'e');
    network.tickUntil(() => network.leaders.length === 1);
    const other = network.leader;
    expect(other.raft.lastIndex).toBe(2);
    network.restart('a');
    network.heal();
    network.tickUntil(
      () => network.peer('b').raft.commitIndex >= 2 && network.peer('a').raft.commitIndex >= 2,
    );
    expect(new Set(network.appliedTexts).size).toBe(1);
  });

  test('the leader counts itself only as far as its own log is durable (B17, B24)', () => {
    const peer = new LonePeer({ ids: ['a', 'b', 'c', 'd', 'e'] });
    peer.isAutoPersist = true;
    peer.lead();
    for (const id of ['b', 'c']) peer.acceptAppend(id, 2);
    expect(peer.raft.commitIndex).toBe(2);
    peer.isAutoPersist = false;
    peer.propose('x');
    peer.acceptAppend('b', 3);
    peer.acceptAppend('c', 3);
    expect(peer.raft.commitIndex).toBe(2);
    peer.acceptAppend('d', 3);
    expect(peer.raft.commitIndex).toBe(3);
  });

  test('a ticket of entries that were truncated and rewritten does not commit the new ones (B17)', () => {
    const peer = new LonePeer({ terms: [1] });
    peer.isAutoPersist = false;
    append(peer, 1, [1, 1]);
    append(peer, 1, [2, 2], { term: 2 });
    expect(peer.terms).toEqual([1, 2, 2]);
    const heartbeat = { kind: 'tick', count: 1 } as const;
    peer.step({ kind: 'persisted', ticket: 1 });
    peer.step(heartbeat);
    const [reply] = append(peer, 3, [], { term: 2 });
    expect(reply).toBeUndefined();
    peer.step({ kind: 'persisted', ticket: 2 });
    expect(append(peer, 3, [], { term: 2 })).toMatchObject([{ matchIndex: 3 }]);
  });

  test('answers of the same life in an older term do not count', () => {
    const peer = new LonePeer({ term: 4 });
    peer.lead();
    peer.receive('b', {
      kind: 'append-reply',
      term: 4,
      accepted: true,
      matchIndex: 2,
      hintIndex: 0,
      hintTerm: 0,
      previousIndex: 2,
      round: 0,
      admitted: true,
    });
    expect(peer.raft.commitIndex).toBe(0);
  });

  test('a new commit index is told to followers at the end of the turn, in one message', () => {
    const peer = new LonePeer();
    peer.lead();
    peer.acceptAppend('b', 2);
    peer.acceptAppend('c', 2);
    peer.propose('x');
    expect(appends(peer.acceptAppend('b', 3))).toEqual([]);
    expect(peer.hasNews).toBe(true);
    const sent = appends(peer.step({ kind: 'continue' }));
    expect(sent.map(({ to, commitIndex, entries }) => [to, commitIndex, entries.length])).toEqual([
      ['b', 3, 0],
      ['c', 3, 0],
    ]);
    expect(peer.hasNews).toBe(false);
    expect(peer.step({ kind: 'continue' })).toEqual([]);
  });

  test('a new commit index needs no message of its own when the next entry of the turn carries it', () => {
    const peer = new LonePeer();
    peer.lead();
    peer.acceptAppend('b', 2);
    peer.acceptAppend('c', 2);
    peer.propose('x');
    peer.acceptAppend('b', 3);
    const sent = appends(peer.propose('y'));
    expect(sent.map(({ to, commitIndex, entries }) => [to, commitIndex, entries.length])).toEqual([
      ['b', 3, 1],
      ['c', 3, 1],
    ]);
    expect(peer.hasNews).toBe(false);
    expect(peer.step({ kind: 'continue' })).toEqual([]);
  });

  test('durable everywhere is announced where a proposal asked for it, else told with the next message', () => {
    const peer = new LonePeer();
    peer.lead();
    for (const id of ['b', 'c']) peer.acceptAppend(id, 2);
    peer.step({ kind: 'continue' });
    peer.propose('quiet');
    peer.acceptAppend('b', 3);
    peer.step({ kind: 'continue' });
    peer.acceptAppend('c', 3);
    expect([peer.hasNews, peer.raft.durableIndex]).toEqual([false, 3]);
    peer.propose('announced', true);
    peer.acceptAppend('b', 4);
    peer.step({ kind: 'continue' });
    peer.acceptAppend('c', 4);
    expect(peer.hasNews).toBe(true);
    const sent = appends(peer.step({ kind: 'continue' }));
    expect(sent.map(({ to, durableIndex }) => [to, durableIndex])).toEqual([
      ['b', 4],
      ['c', 4],
    ]);
  });
});

describe('flow', () => {
  test('appends follow one another without waiting, up to the bounds, and go on with the answers', () => {
    const peer = new LonePeer();
    peer.lead();
    peer.acceptAppend('b', 2);
    const sizes: number[] = [];
    for (let count = 0; count < 5; count += 1) {
      sizes.push(
        appends(peer.propose(`x${count}`)).filter(({ to, entries }) => to === 'b' && entries.length > 0)
          .length,
      );
    }
    expect(sizes).toEqual([1, 1, 1, 0, 0]);
    const sent = appends(peer.acceptAppend('b', 3)).filter(
      ({ to, entries }) => to === 'b' && entries.length > 0,
    );
    expect(sent.map(({ entries }) => entries.map((entry) => entry.index))).toEqual([[6, 7]]);
  });

  test('a message holds at most so many entries and bytes, but always one', () => {
    const peer = new LonePeer({
      terms: Array.from({ length: 20 }, () => 1),
      config: { appendBytesMax: 150 },
    });
    peer.lead();
    const rewind = { accepted: false, matchIndex: 0, hintIndex: 0, hintTerm: 0, previousIndex: 20, round: 0 };
    const sent = appends(peer.receive('b', { kind: 'append-reply', admitted: true, ...rewind }));
    expect(sent.find(({ to }) => to === 'b')?.entries.map((entry) => entry.index)).toEqual([1]);
    const more = appends(peer.acceptAppend('b', 1)).filter(({ to }) => to === 'b');
    expect(more.map(({ entries }) => entries.length)).toEqual([2, 2, 2]);
  });

  test('what was lost is found by the next heartbeat and sent again (B22)', () => {
    const network = Network.led({ ids: ['a', 'b', 'c'] });
    network.filter = (message) =>
      message.kind !== 'append' || message.entries.length === 0 || message.to !== 'c';
    for (let count = 0; count < 3; count += 1) network.leader.propose(`lost ${count}`);
    network.deliver();
    network.filter = () => true;
    network.tick(4);
    expect(network.peer('c').raft.commitIndex).toBe(4);
  });

  test('a follower whose whole window was lost while the log was compacted gets the snapshot (B22)', () => {
    const network = Network.led({ ids: ['a', 'b', 'c'] });
    network.filter = (message) => message.to !== 'c';
    for (let count = 0; count < 20; count += 1) {
      network.leader.propose(`lost ${count}`);
      network.deliver();
    }
    network.leader.takeSnapshot();
    network.filter = () => true;
    network.tick(8);
    expect(network.peer('c').raft.commitIndex).toBe(21);
  });

  test('answers repeated and reordered do not move anything back (B16)', () => {
    const peer = new LonePeer();
    peer.lead();
    peer.acceptAppend('b', 2);
    peer.propose('x');
    peer.acceptAppend('b', 3);
    peer.acceptAppend('b', 2);
    const view = peer.raft.progress().find(({ member }) => member === 'b');
    expect([view?.matchIndex, view?.nextIndex, peer.raft.commitIndex]).toEqual([3, 4, 3]);
  });

  test('a broken connection puts the follower into probe, and a new one asks it at once', () => {
    const peer = new LonePeer();
    peer.lead();
    peer.acceptAppend('b', 2);
    peer.step({ kind: 'disconnected', member: 'b' });
    expect(peer.raft.progress()[0]?.state).toBe('probe');
    const sent = appends(peer.step({ kind: 'connected', member: 'b' }));
    expect(sent.map(({ to, previousIndex }) => [to, previousIndex])).toEqual([['b', 2]]);
  });
});

describe('proposals', () => {
  test('are refused when too many bytes are uncommitted, and taken again when they are committed (B26)', () => {
    const peer = new LonePeer();
    peer.lead();
    peer.acceptAppend('b', 2);
    let count = 0;
    while (peer.raft.canPropose() === 'yes') {
      peer.propose('x'.repeat(200));
      count += 1;
    }
    expect([peer.raft.canPropose(), count]).toEqual(['overloaded', 8]);
    peer.acceptAppend('b', peer.raft.lastIndex);
    expect(peer.raft.canPropose()).toBe('yes');
  });

  test('count what an earlier leader left uncommitted, so that the count ends at zero (B26)', () => {
    const peer = new LonePeer({ terms: [1, 1, 1, 1] });
    peer.lead();
    peer.acceptAppend('b', 5);
    for (let round = 0; round < 100; round += 1) {
      peer.propose('x'.repeat(1_000));
      peer.acceptAppend('b', peer.raft.lastIndex);
    }
    expect(peer.raft.canPropose()).toBe('yes');
  });

  test('are refused by a follower', () => {
    expect(new LonePeer().raft.canPropose()).toBe('not-leader');
    expect(() => new LonePeer().propose('x')).toThrow('when it may be');
  });

  test('carry times that never run backwards, whatever the clock does and whoever leads', () => {
    const network = Network.led({ ids: ['a', 'b', 'c'] });
    network.tick(20);
    network.leader.propose('one');
    network.wallMs = 5;
    network.leader.propose('two');
    network.kill('a');
    network.tick(5);
    network.leader.propose('three');
    network.deliver();
    const { raft } = network.leader;
    const entries = Array.from({ length: raft.lastIndex }, (_, position) => raft.entryAt(position + 1));
    for (const [position, entry] of entries.entries()) {
      expect(entry.wallMs).toBeGreaterThanOrEqual(entries[position - 1]?.wallMs ?? 0);
      expect(entry.elapsedMs).toBeGreaterThanOrEqual(entries[position - 1]?.elapsedMs ?? 0);
    }
    expect(entries.at(-1)?.wallMs).toBe(1_000_000);
    expect(raft.elapsedMs()).toBeGreaterThanOrEqual(250);
  });
});
