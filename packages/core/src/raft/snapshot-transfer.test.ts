/** Snapshots: compaction, InstallSnapshot (Raft thesis 5.1), and what goes wrong elsewhere between them. */
import { describe, expect, test } from 'vitest';
import type { SnapshotMeta } from '../ports/entry.ts';
import { encodeMembership, withIncarnation } from './membership.ts';
import type { InstallSnapshot } from './messages.ts';
import { LonePeer, testMembership } from './testing/lone-peer.ts';
import { Network } from './testing/network.ts';

const membership = testMembership(['a', 'b', 'c']);
const meta = (index: number, term: number): SnapshotMeta => ({
  index,
  term,
  elapsedMs: index,
  membership: encodeMembership(membership),
});

/** One chunk as leader b sends it; every snapshot here is ten bytes, in chunks of five. */
function chunk(peer: LonePeer, part: Partial<InstallSnapshot> & { readonly meta: SnapshotMeta }) {
  const { term } = peer.raft;
  const last = part.offset === 5;
  return peer.receive('b', {
    kind: 'install-snapshot',
    term,
    offset: 0,
    bytes: new Uint8Array(5),
    last,
    round: 0,
    ...part,
  });
}

const judge = (peer: LonePeer, of: SnapshotMeta, accepted = true) =>
  peer.step({ kind: 'chunk-judged', meta: of, accepted });

function leaderWithSnapshot(): LonePeer {
  const peer = new LonePeer({ terms: Array.from({ length: 20 }, () => 1) });
  peer.lead();
  peer.acceptAppend('b', 21);
  peer.step({ kind: 'snapshot-taken', meta: { ...meta(21, 2) } });
  return peer;
}

describe('an own snapshot', () => {
  test('compacts the log, but keeps some entries behind it', () => {
    const peer = leaderWithSnapshot();
    expect([peer.raft.firstIndex, peer.raft.snapshotIndex, peer.raft.logCount]).toEqual([20, 21, 0]);
    expect(peer.outputs.at(-2)?.persist?.batch).toEqual({ compactThrough: 19 });
  });

  test('that is older than an installed one is ignored (B38)', () => {
    const peer = new LonePeer({ terms: [1, 1, 1], term: 3 });
    chunk(peer, { meta: meta(9, 3) });
    judge(peer, meta(9, 3));
    chunk(peer, { meta: meta(9, 3), offset: 5 });
    judge(peer, meta(9, 3));
    peer.step({ kind: 'snapshot-taken', meta: meta(3, 1) });
    expect([peer.raft.snapshotIndex, peer.raft.firstIndex, peer.raft.lastIndex]).toEqual([9, 10, 9]);
  });

  test('of what is not committed is a bug', () => {
    const peer = new LonePeer({ terms: [1, 1, 1] });
    expect(() => peer.step({ kind: 'snapshot-taken', meta: meta(2, 1) })).toThrow('committed');
  });
});

describe('a follower too far behind', () => {
  const refuse = (peer: LonePeer, previousIndex: number) =>
    peer.receive('c', {
      kind: 'append-reply',
      accepted: false,
      matchIndex: 0,
      hintIndex: 3,
      hintTerm: 1,
      previousIndex,
      round: 0,
      admitted: true,
    });
  const reply = (peer: LonePeer, nextOffset: number, part: { index?: number; installed?: boolean } = {}) =>
    peer.receive('c', {
      kind: 'install-snapshot-reply',
      index: 21,
      nextOffset,
      installed: false,
      round: 0,
      ...part,
    });
  const request = (peer: LonePeer) => peer.outputs.at(-1)?.snapshotReads.at(0);
  const answerRead = (peer: LonePeer, offset: number, bytes: Uint8Array | undefined, last = false) =>
    peer.step({ kind: 'snapshot-read', to: 'c', meta: meta(21, 2), offset, bytes, last });

  test('gets the snapshot chunk by chunk, each after the answer to the one before', () => {
    const peer = leaderWithSnapshot();
    refuse(peer, 20);
    expect(request(peer)).toMatchObject({ to: 'c', offset: 0, length: 10 });
    expect(answerRead(peer, 0, new Uint8Array(10))).toMatchObject([
      { kind: 'install-snapshot', offset: 0, last: false },
    ]);
    reply(peer, 10);
    expect(request(peer)).toMatchObject({ offset: 10 });
    expect(answerRead(peer, 10, new Uint8Array(3), true)).toMatchObject([{ offset: 10, last: true }]);
    const sent = reply(peer, 13, { installed: true });
    expect(peer.raft.progress()[1]).toMatchObject({ member: 'c', matchIndex: 21 });
    expect(sent).toMatchObject([{ kind: 'append', to: 'c', previousIndex: 21 }]);
  });

  test('hears heartbeats meanwhile, and its answers keep it healthy', () => {
    const peer = leaderWithSnapshot();
    refuse(peer, 20);
    const sent = peer.tick(3).filter(({ to, kind }) => to === 'c' && kind === 'append');
    expect(sent).toMatchObject([{ previousIndex: 19, previousTerm: 1, entries: [] }]);
  });

  test('is sent the same chunk again when it or its answer was lost (B39)', () => {
    const peer = leaderWithSnapshot();
    refuse(peer, 20);
    answerRead(peer, 0, new Uint8Array(10));
    peer.tick(5);
    peer.acceptAppend('b', 21);
    peer.tick(5);
    expect(request(peer)).toMatchObject({ offset: 0 });
  });

  test('says itself where to go on: after an interruption not from the beginning (B39)', () => {
    const peer = leaderWithSnapshot();
    refuse(peer, 20);
    answerRead(peer, 0, new Uint8Array(10));
    reply(peer, 40);
    expect(request(peer)).toMatchObject({ offset: 40 });
    answerRead(peer, 40, new Uint8Array(10));
    reply(peer, 0);
    expect(request(peer)).toMatchObject({ offset: 0 });
  });

  test('gets the newer snapshot when the old one can no longer be read (B38)', () => {
    const peer = leaderWithSnapshot();
    refuse(peer, 20);
    for (let count = 0; count < 3; count += 1) peer.propose(`x${count}`);
    peer.acceptAppend('b', 24);
    peer.step({ kind: 'snapshot-taken', meta: meta(24, 2) });
    answerRead(peer, 0, undefined);
    expect(request(peer)).toMatchObject({ offset: 0, meta: { index: 24 } });
  });

  test('is left waiting, not spinning, when the same snapshot cannot be read', () => {
    const peer = leaderWithSnapshot();
    refuse(peer, 20);
    answerRead(peer, 0, undefined);
    expect(request(peer)).toBeUndefined();
    for (let tick = 0; tick < 10; tick += 1) {
      peer.acceptAppend('b', 21);
      peer.tick();
    }
    expect(peer.outputs.some((output) => output.snapshotReads.length > 0)).toBe(true);
  });

  test('that has the entry after all needs no snapshot any more', () => {
    const peer = leaderWithSnapshot();
    refuse(peer, 20);
    peer.acceptAppend('c', 19);
    expect(peer.raft.progress()[1]).toMatchObject({ state: 'replicate', matchIndex: 19 });
  });

  test('catches up over a network that loses a third of everything', () => {
    const network = Network.led({ ids: ['a', 'b', 'c'] });
    network.isolate('c');
    for (let count = 0; count < 30; count += 1) {
      network.leader.propose(`entry number ${count}`);
      network.deliver();
    }
    for (const id of ['a', 'b']) network.peer(id).takeSnapshot();
    network.heal();
    network.filter = () => network.random() % 3 !== 0;
    network.tickUntil(() => network.peer('c').raft.commitIndex >= 31, 2_000);
    expect(network.peer('c').raft.snapshotIndex).toBe(31);
    network.filter = () => true;
    network.tickUntil(() => new Set(network.appliedTexts).size === 1);
  });
});

describe('receiving a snapshot', () => {
  test('takes chunks in their order, stores each once it is judged, and answers once it is durable', () => {
    const peer = new LonePeer({ terms: [1], term: 3 });
    peer.isAutoPersist = false;
    expect(chunk(peer, { meta: meta(9, 3) })).toEqual([]);
    expect(peer.outputs.at(-1)?.receivedChunk).toMatchObject({ offset: 0 });
    judge(peer, meta(9, 3));
    const output = peer.outputs.at(-1);
    expect(output?.persist?.batch.snapshotChunk).toMatchObject({ offset: 0, last: false });
    expect(output?.sendAfterPersist).toMatchObject([
      { kind: 'install-snapshot-reply', nextOffset: 5, installed: false },
    ]);
  });

  test('answers a chunk that is out of order with the place where to go on (B39)', () => {
    const peer = new LonePeer({ terms: [1], term: 3 });
    expect(chunk(peer, { meta: meta(9, 3), offset: 5 })).toMatchObject([{ nextOffset: 0 }]);
    chunk(peer, { meta: meta(9, 3) });
    judge(peer, meta(9, 3));
    expect(chunk(peer, { meta: meta(9, 3), offset: 0 })).toMatchObject([{ nextOffset: 5 }]);
    expect(chunk(peer, { meta: meta(9, 3), offset: 7 })).toMatchObject([{ nextOffset: 5 }]);
  });

  test('begins anew with another snapshot, and with another leader (B38, B39)', () => {
    const peer = new LonePeer({ terms: [1], term: 3 });
    chunk(peer, { meta: meta(9, 3) });
    judge(peer, meta(9, 3));
    expect(chunk(peer, { meta: meta(12, 3), offset: 5 })).toMatchObject([{ index: 12, nextOffset: 0 }]);
    const other = {
      kind: 'install-snapshot',
      meta: meta(9, 3),
      offset: 5,
      bytes: new Uint8Array(5),
      last: true,
    } as const;
    expect(peer.receive('c', { ...other, term: 4, round: 0 })).toMatchObject([{ nextOffset: 0 }]);
  });

  test('the last chunk replaces log, commit index and membership together (B32, B37, B43)', () => {
    const peer = new LonePeer({ terms: [1, 2, 2], term: 3 });
    const newer = { ...meta(9, 3), membership: encodeMembership(withIncarnation(membership, 'c', 33)) };
    chunk(peer, { meta: newer });
    judge(peer, newer);
    chunk(peer, { meta: newer, offset: 5 });
    peer.isAutoPersist = false;
    judge(peer, newer);
    expect([peer.raft.commitIndex, peer.raft.lastIndex, peer.raft.firstIndex]).toEqual([9, 9, 10]);
    expect(peer.raft.membership.members['c']?.incarnation).toBe(33);
    expect(peer.notices).toContainEqual({ kind: 'members' });
    const { persist, sendAfterPersist } = peer.outputs.at(-1) ?? {};
    expect(persist?.batch).toMatchObject({ snapshotChunk: { last: true }, install: { index: 9 } });
    expect(sendAfterPersist).toMatchObject([{ installed: true, index: 9 }]);
  });

  test('of what the log holds already is not needed, and erases nothing after it (B40)', () => {
    const peer = new LonePeer({ terms: [1, 1, 1, 1] });
    expect(chunk(peer, { meta: meta(2, 1) })).toMatchObject([{ installed: true, index: 2 }]);
    expect([peer.raft.commitIndex, peer.raft.lastIndex]).toEqual([2, 4]);
  });

  test('with the index of another entry is installed: equal indexes are not equal entries (B40: openraft ac3e5a89)', () => {
    const peer = new LonePeer({ terms: [1, 1, 1], term: 3 });
    chunk(peer, { meta: meta(3, 3) });
    judge(peer, meta(3, 3));
    chunk(peer, { meta: meta(3, 3), offset: 5 });
    judge(peer, meta(3, 3));
    expect([peer.raft.snapshotIndex, peer.raft.termAt(3)]).toEqual([3, 3]);
  });

  test('is taken by a candidate of the same term, who follows its sender (B40: ra 3b904736)', () => {
    const peer = new LonePeer();
    while (peer.raft.role !== 'candidate') peer.tick();
    chunk(peer, { meta: meta(9, 1) });
    expect([peer.raft.role, peer.raft.leader, peer.outputs.at(-1)?.receivedChunk?.offset]).toEqual([
      'follower',
      'b',
      0,
    ]);
  });

  test('puts off the election while chunks come', () => {
    const peer = new LonePeer({ term: 3 });
    for (let count = 0; count < 10; count += 1) {
      chunk(peer, { meta: meta(9, 3), offset: 99 });
      peer.tick(8);
    }
    expect(peer.raft.role).toBe('follower');
  });

  test('that the machine refuses begins anew when it is sent again', () => {
    const peer = new LonePeer({ terms: [1], term: 3 });
    chunk(peer, { meta: meta(9, 3) });
    expect(judge(peer, meta(9, 3), false)).toEqual([]);
    expect(chunk(peer, { meta: meta(9, 3), offset: 5 })).toMatchObject([{ nextOffset: 0 }]);
  });

  test('is given up when entries come that fit: whoever takes entries needs no snapshot', () => {
    const peer = new LonePeer({ terms: [1], term: 3 });
    chunk(peer, { meta: meta(9, 3) });
    judge(peer, meta(9, 3));
    expect(peer.raft.isReceivingSnapshot).toBe(true);
    peer.receiveAppend('b', { term: 3, previousIndex: 7, previousTerm: 2 });
    expect(peer.raft.isReceivingSnapshot).toBe(true);
    peer.receiveAppend('b', { term: 3, previousIndex: 1, previousTerm: 1 });
    expect(peer.raft.isReceivingSnapshot).toBe(false);
    expect(chunk(peer, { meta: meta(9, 3), offset: 5 })).toMatchObject([{ nextOffset: 0 }]);
  });

  test('never takes back what was committed while its last chunk was judged', () => {
    const peer = new LonePeer({ terms: [1], term: 3 });
    chunk(peer, { meta: meta(3, 3) });
    judge(peer, meta(3, 3));
    chunk(peer, { meta: meta(3, 3), offset: 5 });
    const entries = [2, 3, 4].map((index) => ({
      index,
      term: 3,
      kind: 'noop' as const,
      wallMs: 0,
      elapsedMs: 9,
      body: new Uint8Array(0),
    }));
    peer.receiveAppend('b', { term: 3, previousIndex: 1, previousTerm: 1, entries, commitIndex: 4 });
    judge(peer, meta(3, 3));
    expect([peer.raft.commitIndex, peer.raft.lastIndex, peer.raft.snapshotIndex]).toEqual([4, 4, 0]);
  });
});

describe('after a restart', () => {
  test('the snapshot is committed, and nothing else is until a leader says so (B43)', () => {
    const peer = new LonePeer({ terms: [3, 3], snapshot: meta(5, 2) });
    expect([peer.raft.commitIndex, peer.raft.snapshotIndex, peer.raft.lastIndex]).toEqual([5, 5, 7]);
  });

  test('a log that contradicts the snapshot is dropped on the disk, too, before anything else (B37)', () => {
    const network = new Network({ ids: ['a', 'b', 'c'] });
    const { disk } = network.peer('b');
    const old = new LonePeer({ terms: [1, 1, 1] });
    disk.entries = [1, 2, 3].map((index) => old.raft.entryAt(index));
    disk.hardState = { term: 4, vote: undefined, founding: undefined };
    disk.store({ ...meta(7, 4) }, new TextEncoder().encode('["1","2","3","4","5","6","7"]'));
    network.peer('b').start();
    expect(disk.entries).toEqual([]);
    expect(network.peer('b').raft.lastIndex).toBe(7);
  });

  test('the membership comes from the snapshot and the entries after it (B33)', () => {
    const network = Network.led({ ids: ['a', 'b', 'c'] });
    network.restartEmpty('c');
    network.tickUntil(() => network.peer('c').raft.admitted);
    const { incarnation } = network.peer('c').config;
    for (const id of ['a', 'b', 'c']) network.crash(id);
    for (const id of ['a', 'b', 'c']) network.restart(id);
    for (const peer of network.peers.values()) {
      expect(peer.raft.membership.members['c']?.incarnation).toBe(incarnation);
    }
  });
});
