/** The founding of an ensemble, and the return of members that lost their data (see admission.ts). */
import { describe, expect, test } from 'vitest';
import { decodeMembership, encodeMembership } from './membership.ts';
import type { RaftMessage } from './messages.ts';
import { LonePeer } from './testing/lone-peer.ts';
import { Network } from './testing/network.ts';

const ids = ['a', 'b', 'c'];

/** A peer of three that has just been created. */
const newPeer = (): LonePeer => new LonePeer({ terms: [], term: 0, isAdmitted: false });

const isProbeReply = (message: RaftMessage): message is Extract<RaftMessage, { kind: 'probe-reply' }> =>
  message.kind === 'probe-reply';

describe('the founding', () => {
  test('needs every listed member: with one missing nothing begins, however long it takes', () => {
    const network = new Network({ ids });
    for (const id of ['a', 'b']) network.peer(id).start();
    network.tick(300);
    for (const id of ['a', 'b']) {
      const { raft } = network.peer(id);
      expect([raft.admitted, raft.term, raft.lastIndex, raft.role]).toEqual([false, 0, 0, 'follower']);
    }
    network.peer('c').start();
    network.deliver();
    expect(network.leader.id).toBe('a');
  });

  test('makes the first member by name lead at once, in term 1', () => {
    const network = Network.started({ ids });
    expect([network.leader.id, network.leader.raft.term]).toEqual(['a', 1]);
    expect(network.peer('c').notices.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['admitted', 'members']),
    );
  });

  test('fixes identity and incarnations by the first entry of the log, the same everywhere', () => {
    const network = Network.led({ ids });
    const entry = network.peer('c').raft.entryAt(1);
    const membership = decodeMembership(entry.body);
    expect(entry.kind).toBe('membership');
    expect(membership.identity).toMatch(/^[0-9a-f]{32}$/);
    for (const peer of network.peers.values()) {
      expect(membership.members[peer.id]).toEqual({
        address: `address of ${peer.id}`,
        incarnation: peer.config.incarnation,
      });
      expect(peer.raft.membership).toEqual(membership);
    }
  });

  test('of one member takes two writes: its own vote counts once it is durable (B23)', () => {
    const peer = new LonePeer({ ids: ['a'], terms: [], term: 0, isAdmitted: false });
    expect([peer.raft.role, peer.raft.term]).toEqual(['leader', 1]);
    const [vote, founding] = peer.outputs.flatMap(({ persist }) => (persist === undefined ? [] : [persist]));
    expect(vote?.batch.hardState).toMatchObject({ term: 1, vote: 'a' });
    expect(vote?.batch.entries).toBe(undefined);
    expect(founding?.batch.entries?.length).toBe(1);
    expect(peer.raft.commitIndex).toBe(1);
  });

  test('two ensembles get two identities', () => {
    const identities = [1, 2, 3].map((seed) => Network.led({ ids, seed }).leader.raft.membership.identity);
    expect(new Set(identities).size).toBe(3);
  });

  test('asks at the start, when a connection appears, and with every heartbeat', () => {
    const peer = newPeer();
    const probes = (messages: readonly RaftMessage[]): readonly string[] =>
      messages.filter(({ kind }) => kind === 'probe').map(({ to }) => to);
    expect(probes(peer.sent)).toEqual(['b', 'c']);
    expect(probes(peer.step({ kind: 'connected', member: 'c' }))).toEqual(['c']);
    expect(probes(peer.tick(9))).toEqual(['b', 'c', 'b', 'c', 'b', 'c']);
  });

  test('is written down before anybody hears of it', () => {
    const peer = newPeer();
    peer.isAutoPersist = false;
    peer.receive('b', { kind: 'probe', empty: true });
    const sent = peer.receive('c', { kind: 'probe-reply', empty: true, listed: false, founding: undefined });
    expect(sent).toEqual([]);
    const output = peer.outputs.at(-1);
    expect(decodeMembership(output?.persist?.batch.hardState?.founding ?? new Uint8Array(0)).voters).toEqual(
      ids,
    );
    expect(output?.sendAfterPersist.map(({ kind }) => kind).sort()).toEqual([
      'pre-vote',
      'pre-vote',
      'probe-reply',
      'probe-reply',
    ]);
  });

  test('is adopted only by the incarnation that it lists', () => {
    const founder = newPeer();
    founder.receive('b', { kind: 'probe', empty: true });
    founder.receive('c', { kind: 'probe', empty: true });
    const reply = founder.sent.filter(isProbeReply).find(({ to, listed }) => to === 'c' && listed);
    const listed = new LonePeer({
      ids: ['c', 'b', 'a'],
      terms: [],
      term: 0,
      isAdmitted: false,
      config: { incarnation: 3 },
    });
    listed.receive('a', {
      ...reply,
      kind: 'probe-reply',
      empty: true,
      listed: true,
      founding: reply?.founding,
    });
    expect(listed.raft.admitted).toBe(true);
    const other = new LonePeer({
      ids: ['c', 'b', 'a'],
      terms: [],
      term: 0,
      isAdmitted: false,
      config: { incarnation: 4 },
    });
    other.receive('a', {
      ...reply,
      kind: 'probe-reply',
      empty: true,
      listed: true,
      founding: reply?.founding,
    });
    expect(other.raft.admitted).toBe(false);
  });

  test('survives bytes that are no founding', () => {
    const peer = newPeer();
    const founding = Uint8Array.of(1, 2, 3);
    peer.receive('b', { kind: 'probe-reply', empty: true, listed: true, founding });
    expect(peer.raft.admitted).toBe(false);
  });

  test('is not repeated after a restart: who was admitted is, also with an empty log', () => {
    const network = new Network({ ids });
    network.filter = ({ kind }) => kind === 'probe' || kind === 'probe-reply';
    for (const peer of network.peers.values()) peer.start();
    network.deliver();
    network.crash('b');
    network.restart('b');
    expect([network.peer('b').raft.admitted, network.peer('b').raft.lastIndex]).toEqual([true, 0]);
  });

  test('needs every vote: a majority of founders without the third elects nobody', () => {
    const network = new Network({ ids });
    network.filter = ({ kind }) => kind === 'probe' || kind === 'probe-reply';
    for (const peer of network.peers.values()) peer.start();
    network.deliver();
    network.filter = () => true;
    network.isolate('c');
    network.tick(300);
    expect(network.leaders).toEqual([]);
    network.heal();
    network.tickUntil(() => network.leaders.length === 1);
  });

  test('begins anew with the new incarnation of a member that was restarted empty before the first entry', () => {
    const network = new Network({ ids });
    network.filter = ({ kind }) => kind === 'probe' || kind === 'probe-reply';
    for (const peer of network.peers.values()) peer.start();
    network.deliver();
    network.filter = () => true;
    network.restartEmpty('c');
    network.tickUntil(() => network.leaders.length === 1, 200);
    network.tick(5);
    const { incarnation } = network.peer('c').config;
    expect(network.leader.raft.membership.members['c']?.incarnation).toBe(incarnation);
  });

  test('of two that list different incarnations only one commits: an old answer founds nothing twice', () => {
    // a and c hold a committed entry that b has not heard of, and c loses its disk: to b, which once heard that a
    // is empty and now hears it of c, this looks like a first start.
    const late = new Network({ ids, seed: 2 });
    for (const peer of late.peers.values()) peer.start();
    late.filter = (message) =>
      message.to !== 'b' ||
      !(message.kind === 'append' || (message.kind === 'probe-reply' && !message.empty));
    late.deliver();
    late.tick(5);
    expect([late.leader.id, late.leader.raft.commitIndex, late.peer('b').raft.lastIndex]).toEqual([
      'a',
      1,
      0,
    ]);
    late.isolate('a');
    late.restartEmpty('c');
    late.tick(500);
    expect(late.peer('b').raft.commitIndex).toBe(0);
    expect(late.leaders.filter((peer) => peer.id !== 'a')).toEqual([]);
    late.filter = () => true;
    late.heal();
    late.tickUntil(() => late.peer('c').raft.admitted && late.peer('c').raft.commitIndex > 0);
    expect(new Set(late.appliedTexts).size).toBe(1);
  });
});

describe('a member that lost its data', () => {
  test('neither votes nor campaigns nor counts until the entry that lists it is committed', () => {
    const network = Network.led({ ids });
    network.isolate('b');
    network.restartEmpty('c');
    network.tick(5);
    // It has everything, its listing too, but with b away there is no majority without it.
    expect(network.peer('c').raft.lastIndex).toBe(2);
    network.leader.propose('waits');
    network.tick(1);
    expect([network.leader.raft.commitIndex, network.peer('c').raft.admitted]).toEqual([1, false]);
    network.tick(100);
    expect([network.leaders.length, network.peer('c').raft.term]).toEqual([0, 1]);
    network.heal();
    network.tickUntil(() => network.peer('c').raft.admitted);
    expect(new Set(network.appliedTexts).size).toBe(1);
  });

  test('is admitted again by an entry of the log, and then replaces a third member', () => {
    const network = Network.led({ ids });
    network.restartEmpty('c');
    network.tickUntil(() => network.peer('c').raft.admitted, 60);
    expect(network.peer('c').notices).toContainEqual({ kind: 'admitted' });
    network.kill('b');
    network.leader.propose('with the new c');
    network.tick(2);
    expect(network.peer('c').raft.commitIndex).toBe(network.leader.raft.lastIndex);
  });

  test('refuses its vote, in every term, before it is admitted', () => {
    const peer = newPeer();
    const vote = { kind: 'vote', lastIndex: 9, lastTerm: 9, term: 9 } as const;
    expect(peer.receive('b', { ...vote, transfer: false })).toMatchObject([{ granted: false, term: 9 }]);
    expect(peer.receive('b', { ...vote, transfer: true })).toMatchObject([{ granted: false }]);
    expect(peer.receive('b', { ...vote, kind: 'pre-vote', term: 10 })).toMatchObject([{ granted: false }]);
    peer.tick(100);
    expect(peer.raft.role).toBe('follower');
  });

  test('is not admitted by an entry that lists it, only by its commit', () => {
    const peer = new LonePeer({ ids: ['c', 'a', 'b'], isAdmitted: false, config: { incarnation: 77 } });
    expect([peer.raft.admitted, peer.raft.membership.members['c']?.incarnation]).toEqual([false, 1]);
    const membership = { ...peer.membership.members, c: { address: 'at c', incarnation: 77 } };
    const body = encodeMembership({ ...peer.membership, members: membership });
    const entry = { index: 2, term: 1, kind: 'membership', wallMs: 0, elapsedMs: 9, body } as const;
    peer.receiveAppend('a', { term: 1, previousIndex: 1, previousTerm: 1, entries: [entry], commitIndex: 1 });
    expect([peer.raft.admitted, peer.raft.membership.members['c']?.incarnation]).toEqual([false, 77]);
    peer.receiveAppend('a', { term: 1, previousIndex: 2, previousTerm: 1, commitIndex: 2 });
    expect(peer.raft.admitted).toBe(true);
    expect(peer.outputs.some((output) => output.persist?.batch.hardState?.founding !== undefined)).toBe(true);
  });

  test('is admitted by a snapshot that lists it', () => {
    const network = Network.led({ ids });
    network.filter = (message) =>
      message.to !== 'c' || message.kind !== 'append' || message.commitIndex === 1;
    network.restartEmpty('c');
    network.tickUntil(() => network.leader.raft.commitIndex === 2);
    expect(network.peer('c').raft.admitted).toBe(false);
    network.filter = () => true;
    network.isolate('c');
    for (let count = 0; count < 20; count += 1) {
      network.leader.propose(`x${count}`);
      network.deliver();
    }
    for (const id of ['a', 'b']) network.peer(id).takeSnapshot();
    network.heal();
    network.tickUntil(() => network.peer('c').raft.admitted);
    expect(network.peer('c').raft.snapshotIndex).toBeGreaterThan(2);
  });

  test('keeps its admission over restarts, also when everybody restarts', () => {
    const network = Network.led({ ids });
    for (const id of ['c', 'b', 'a']) {
      network.restartEmpty(id);
      network.tickUntil(() => network.peer(id).raft.admitted && network.leaders.length === 1, 300);
      network.tick(5);
    }
    for (const id of ids) network.crash(id);
    for (const id of ids) network.restart(id);
    network.tickUntil(() => network.leaders.length === 1, 100);
    network.leader.propose('after everything');
    network.tick(3);
    expect(new Set(network.appliedTexts).size).toBe(1);
  });

  test('a leader that does not know the commit counts a member that vouches for itself', () => {
    const network = Network.led({ ids });
    network.restartEmpty('c');
    network.tickUntil(() => network.peer('c').raft.admitted);
    // b restarts: its commit index is unknown to it, its log disputes c's incarnation; a is gone for good.
    network.crash('b');
    network.restart('b');
    network.kill('a');
    network.tickUntil(() => network.leaders.length === 1, 200);
    network.leader.propose('b and c alone');
    network.tick(3);
    expect(network.leader.raft.commitIndex).toBe(network.leader.raft.lastIndex);
  });

  test('does not make a majority with another one: the ensemble stops, and goes on when the data is back', () => {
    const network = Network.led({ ids });
    network.leader.propose('only a will still have this');
    network.deliver();
    network.restartEmpty('b');
    network.restartEmpty('c');
    network.tick(300);
    expect(network.leaders).toEqual([]);
    expect([network.peer('b').raft.admitted, network.peer('c').raft.admitted]).toEqual([false, false]);
  });

  test('the acknowledgements of its former life count no more once the new one is listed', () => {
    const peer = new LonePeer();
    peer.lead();
    peer.acceptAppend('b', 2);
    peer.acceptAppend('c', 2, { incarnation: 99, admitted: false });
    peer.acceptAppend('c', 2, { incarnation: 99, admitted: false });
    const index = peer.raft.lastIndex;
    expect([index, peer.raft.membership.members['c']?.incarnation]).toEqual([3, 99]);
    peer.acceptAppend('c', index, { incarnation: 3 });
    expect(peer.raft.commitIndex).toBe(2);
    peer.acceptAppend('c', index, { incarnation: 99, admitted: false });
    expect(peer.raft.commitIndex).toBe(2);
    peer.acceptAppend('b', index);
    expect(peer.raft.commitIndex).toBe(index);
    peer.propose('counts from here on');
    peer.acceptAppend('c', index + 1, { incarnation: 99, admitted: true });
    expect(peer.raft.commitIndex).toBe(index + 1);
  });

  test('one comes back at a time, and only after the leader has committed an entry of its term (B30)', () => {
    const peer = new LonePeer({ ids: ['a', 'b', 'c', 'd', 'e'] });
    peer.lead();
    for (const id of ['d', 'e']) peer.acceptAppend(id, 2, { incarnation: 90, admitted: false });
    for (const id of ['d', 'e']) peer.acceptAppend(id, 2, { incarnation: 90, admitted: false });
    expect(peer.raft.lastIndex).toBe(2);
    for (const id of ['b', 'c']) peer.acceptAppend(id, 2);
    for (const id of ['d', 'e']) peer.acceptAppend(id, 2, { incarnation: 90, admitted: false });
    expect(peer.raft.lastIndex).toBe(3);
    for (const id of ['b', 'c']) peer.acceptAppend(id, 3);
    for (const id of ['d', 'e']) peer.acceptAppend(id, 3, { incarnation: 90, admitted: false });
    expect(peer.raft.lastIndex).toBe(4);
  });

  test('no entry lists it before the leader has committed one of its own term (B30)', () => {
    const peer = new LonePeer({ terms: [1, 1] });
    peer.receiveAppend('b', { term: 1, previousIndex: 2, previousTerm: 1, commitIndex: 2 });
    peer.lead();
    for (let count = 0; count < 3; count += 1)
      peer.acceptAppend('c', 2, { incarnation: 99, admitted: false });
    expect([peer.raft.commitIndex, peer.raft.lastIndex]).toEqual([2, 3]);
    peer.acceptAppend('b', 3);
    for (let count = 0; count < 3; count += 1)
      peer.acceptAppend('c', 3, { incarnation: 99, admitted: false });
    expect([peer.raft.commitIndex, peer.raft.lastIndex]).toEqual([3, 4]);
  });

  test('a deposed leader’s entry that listed it is truncated, and with it the listing (B33)', () => {
    const peer = new LonePeer({ ids: ['b', 'a', 'c'], term: 2 });
    const members = { ...peer.membership.members, c: { address: 'at c', incarnation: 77 } };
    const body = encodeMembership({ ...peer.membership, members });
    const entry = { index: 2, term: 2, kind: 'membership', wallMs: 0, elapsedMs: 9, body } as const;
    peer.receiveAppend('a', { term: 2, previousIndex: 1, previousTerm: 1, entries: [entry] });
    expect(peer.raft.membership.members['c']?.incarnation).toBe(77);
    const noop = {
      index: 2,
      term: 3,
      kind: 'noop',
      wallMs: 0,
      elapsedMs: 9,
      body: new Uint8Array(0),
    } as const;
    peer.receiveAppend('c', { term: 3, previousIndex: 1, previousTerm: 1, entries: [noop] });
    expect(peer.raft.membership.members['c']?.incarnation).toBe(3);
  });
});
