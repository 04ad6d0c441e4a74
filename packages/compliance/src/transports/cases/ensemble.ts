/** The whole: peers that agree over the transport, as an application would use it. */
import { connect, openPeer, type Peer, type Session } from '@quorate/core';
import { expectSame, expectThat } from '../../expectations.ts';
import { capability, type CaseWorld, memberIds } from '../case-world.ts';
import type { TransportCase } from '../transport-case.ts';

async function openEnsemblePeer(world: CaseWorld, id: string): Promise<Peer> {
  const { network } = world;
  const members = Object.fromEntries(memberIds.map((member) => [member, network.addresses[member] ?? '']));
  const opening = openPeer({ id, members, transport: network.transport(id) });
  const peer = await world.within(`peer ${id} is open`, opening);
  world.afterwards(() => peer.close({ graceful: false }));
  return peer;
}

/**
 * The leader of the newest term. A slow machine changes leaders by itself, and one that was deposed may not
 * know it yet: who stops "the leader" asks again right before, and waits for a term above the one it stopped.
 */
async function leaderOf(world: CaseWorld, peers: readonly Peer[], termAbove = 0): Promise<Peer> {
  let leader: Peer | undefined;
  await world.until(`there is a leader of a term above ${termAbove}`, () => {
    const leading = peers.filter(({ role, term }) => role === 'leader' && term > termAbove);
    [leader] = leading.sort((one, other) => other.term - one.term);
    return leader !== undefined;
  });
  expectThat(leader !== undefined, 'the leader is one of the peers');
  return leader;
}

async function expectTree(world: CaseWorld, peers: readonly Peer[], keys: number): Promise<void> {
  for (const peer of peers) {
    await world.until(`peer ${peer.id} has caught up`, () => peer.tree.children('/keys').length === keys);
    const values = peer.tree.children('/keys').map((name) => peer.tree.get<string>(`/keys/${name}`)?.value);
    expectThat(
      values.every((value, number) => value?.length === valueOf(number).length),
      `peer ${peer.id} has what was written`,
    );
  }
}

const valueOf = (number: number): string => `value ${number} `.repeat(1 + (number % 7) * 1_000);
const nameOf = (number: number): string => `/keys/${String(number).padStart(5, '0')}`;

async function write(world: CaseWorld, peer: Peer, numbers: readonly number[]): Promise<void> {
  const session = await world.within('a session is open', peer.openSession());
  const writes = numbers.map((number) => session.create(nameOf(number), valueOf(number)));
  await world.within('all is written', Promise.all(writes));
  await session.close();
}

const numbersFrom = (first: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, at) => first + at);

export const ensembleCases: readonly TransportCase[] = [
  {
    title: 'three peers elect a leader, write, lose it, go on, and take it back',
    run: async (world) => {
      const peers = await Promise.all(memberIds.map((id) => openEnsemblePeer(world, id)));
      for (const peer of peers) await world.within(`peer ${peer.id} is ready`, peer.ready());
      const first = await leaderOf(world, peers);
      const session = await world.within('a session is open', first.openSession());
      await world.within('the first write is done', session.create('/keys'));
      await write(world, first, numbersFrom(0, 200));
      await expectTree(world, peers, 200);

      const leader = await leaderOf(world, peers);
      const { term } = leader;
      await leader.close({ graceful: false });
      const others = peers.filter((peer) => peer !== leader);
      const next = await leaderOf(world, others, term);
      expectThat(next.term > term, 'the next leader has a newer term');
      for (const other of others) await write(world, other, numbersFrom(other === next ? 200 : 300, 100));
      await expectTree(world, others, 400);

      const again = await openEnsemblePeer(world, leader.id);
      await world.within('the old leader is back', again.ready());
      await expectTree(world, [...others, again], 400);
      const digests = [...others, again].map(({ tree }) => tree.children('/keys').length);
      expectSame(digests, [400, 400, 400], 'all have the same tree');
    },
  },
  {
    title: 'a value of the largest size is agreed on',
    run: async (world) => {
      const peers = await Promise.all(memberIds.map((id) => openEnsemblePeer(world, id)));
      const [first] = peers;
      expectThat(first !== undefined, 'there is a peer');
      await world.within('the peer is ready', first.ready());
      const session = await world.within('a session is open', first.openSession());
      const value = new Uint8Array(1_048_576 - 16).fill(7);
      await world.within('it is written', session.create('/large', value, { deadlineMs: world.patienceMs }));
      for (const peer of peers) {
        await world.until(
          `peer ${peer.id} has it`,
          () => peer.tree.stat('/large')?.dataLength === value.length,
        );
      }
    },
  },
  {
    title:
      'a session without a replica writes and watches, loses its peer, and goes on at another with all it had',
    needs: ['sessions'],
    run: async (world) => {
      const peers = await Promise.all(memberIds.map((id) => openEnsemblePeer(world, id)));
      for (const peer of peers) await world.within(`peer ${peer.id} is ready`, peer.ready());
      const transport = capability(world.network.sessionTransport?.bind(world.network), 'sessionTransport')();
      world.afterwards(() => transport.close());
      const opening = connect({ transport, peers: world.network.addresses, timeoutMs: 30_000 });
      const session = await world.within('the session is open', opening);
      world.afterwards(() => session.close());
      await world.within('its ephemeral is there', session.create('/mine', null, { kind: 'ephemeral' }));
      await world.within('the counter is there', session.create('/count', 0));
      const seen: unknown[] = [];
      const watching = watchValues(session, '/count', seen);

      const increments = numbersFrom(0, 100).map(() => session.increment('/count'));
      const serving = peers.find((peer) => peer.status().queues.servedSessions > 0) ?? peers[0];
      await serving?.close({ graceful: false });
      const counted = await world.within('all is counted', Promise.all(increments));
      expectSame(counted, numbersFrom(1, 100), 'every increment counts once, in order');
      expectSame(session.state, 'connected', 'the session lives');
      await world.until('the watch has seen all', () => seen.length >= 101);
      expectSame(seen, numbersFrom(0, 101), 'the watch misses nothing and repeats nothing');
      const mine = await world.within('it is asked for', session.exists('/mine'));
      expectThat(mine !== undefined, 'its ephemeral is still there');
      await world.within('the session has closed', session.close());
      await world.within('the watch has ended', watching);
    },
  },
];

async function watchValues(session: Session, path: string, seen: unknown[]): Promise<void> {
  try {
    for await (const batch of session.watch(path)) for (const { value } of batch.events) seen.push(value);
  } catch {
    // The stream ends with its session.
  }
}
