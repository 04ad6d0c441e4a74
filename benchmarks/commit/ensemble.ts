/** Three peers in this process over the memory transport, and a session at the leader or at a follower. */
import { openPeer, type Peer, type Session } from '@quorate/core';
import { type MemoryNetwork, memoryNetwork } from '@quorate/transport-memory';

export interface Ensemble {
  readonly peers: readonly Peer[];
  readonly session: Session;
  close(): Promise<void>;
}

export async function openEnsemble(
  at: 'leader' | 'follower',
  network: MemoryNetwork = memoryNetwork(),
): Promise<Ensemble> {
  const members = { a: '', b: '', c: '' };
  const peers = await Promise.all(
    Object.keys(members).map((id) => openPeer({ id, members, transport: network.transport() })),
  );
  await Promise.all(peers.map((peer) => peer.ready()));
  const peer = peers.find(({ role }) => (role === 'leader') === (at === 'leader')) ?? peers[0];
  if (peer === undefined) throw new TypeError('no peer');
  const session = await peer.openSession({ timeoutMs: 60_000 });
  return {
    peers,
    session,
    close: async () => {
      await session.close();
      await Promise.all(peers.map((other) => other.close()));
    },
  };
}
