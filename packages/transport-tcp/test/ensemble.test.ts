import { openPeer, type Peer } from '@quorate/core';
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
});
