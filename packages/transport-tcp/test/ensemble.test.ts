import { connect, openPeer, type Peer } from '@quorate/core';
import { afterEach, describe, expect, it } from 'vitest';
import { tcpTransport, type TcpTransportOptions } from '../src/index.ts';
import { addressesFor, until } from './started.ts';

const opened: Peer[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((peer) => peer.close({ graceful: false })));
});

async function open(
  id: string,
  members: Record<string, string>,
  options: TcpTransportOptions,
): Promise<Peer> {
  const peer = await openPeer({ id, members, transport: tcpTransport(options) });
  opened.push(peer);
  return peer;
}

describe('three peers over TCP', () => {
  it('elect, write, and go on when the leader is gone', async () => {
    const members = await addressesFor('a', 'b', 'c');
    const options = { psk: 'a key of this test, long enough' };
    const peers = await Promise.all(Object.keys(members).map((id) => open(id, members, options)));
    await Promise.all(peers.map((peer) => peer.ready()));
    const leader = peers.find(({ role }) => role === 'leader');
    const follower = peers.find(({ role }) => role === 'follower');
    expect(leader).toBeDefined();
    const session = await follower?.openSession();
    await session?.create('/a', 1);
    await leader?.close({ graceful: false });
    await session?.set('/a', 2);
    for (const peer of peers) {
      if (peer === leader) continue;
      await until(() => peer.tree.get('/a')?.value === 2);
      expect(peer.leader).not.toBe(leader?.id);
    }
  });

  it('serve a session without a replica, which moves to another when its own is gone', async () => {
    const members = await addressesFor('a', 'b', 'c');
    const psk = { member: 'the key of members in this test', session: 'the key of sessions in this test' };
    const peers = await Promise.all(Object.keys(members).map((id) => open(id, members, { psk })));
    await Promise.all(peers.map((peer) => peer.ready()));
    const transport = tcpTransport({ psk: { session: psk.session } });
    const session = await connect({ transport, peers: members });
    await session.create('/e', 1, { kind: 'ephemeral' });
    for (let round = 1; round <= 20; round += 1) {
      // The two that stay are a majority; the session may have been at the third.
      if (round === 5) await peers[0]?.close({ graceful: false });
      await session.increment('/e', 1);
    }
    expect((await session.get('/e')).value).toBe(21);
    expect(session.state).toBe('connected');
    await session.close();
    await transport.close();
    await until(() => peers[1]?.tree.get('/e') === undefined);
  });

  it('tell by health events whom they refuse', async () => {
    const members = await addressesFor('a', 'b');
    const told: object[] = [];
    const peer = await openPeer({
      id: 'a',
      members,
      transport: tcpTransport({ psk: 'the key of members in this test' }),
    });
    opened.push(peer);
    peer.on('health', (health) => void told.push(health));
    await open('b', members, { psk: 'another key, just as long as that' });
    await until(() => told.length > 0);
    expect(told[0]).toMatchObject({
      kind: 'refused',
      refusal: { code: 'AUTH_FAILED', reason: expect.stringContaining('another key') },
    });
  });
});
