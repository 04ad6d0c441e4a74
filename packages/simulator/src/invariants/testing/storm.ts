/**
 * A short run with everything in it: sessions that write, a network that loses, crashes, a wipe, a partition, a
 * pause, tiny limits, and quiet at the end. Production peers, so that an invariant is tried on what really happens.
 */
import { op, type Peer, type PeerOptions, type Session } from '@quorate/core';
import type { HostPorts } from '../../world/host.ts';
import type { RandomStream } from '../../world/random-stream.ts';
import { simulate, type Simulated } from '../../world/simulate.ts';
import type { TraceLine } from '../../world/trace.ts';
import type { World } from '../../world/world.ts';
import type { Invariant } from '../invariant.ts';

export const stormMembers = { a: '', b: '', c: '', d: '', e: '' };
const ids = Object.keys(stormMembers);

const limits: NonNullable<PeerOptions['limits']> = {
  snapshotAfterEntries: 30,
  snapshotChunkBytes: 1_024,
  logEntriesKept: 10,
  appendEntriesMax: 4,
  followerMessagesInFlightMax: 4,
  historyChangesMax: 200,
  repliesPerSessionMax: 200,
};

/** Runs one storm; fails with the first invariant that does not hold. */
export function storm(
  seed: number,
  invariants: readonly Invariant[],
  onTrace?: (line: TraceLine) => void,
): Promise<Simulated<void>> {
  const options = { seed, invariants, sweepEveryMs: 500, ...(onTrace === undefined ? {} : { onTrace }) };
  return simulate(options, async (world) => {
    for (const id of ids) world.host(id).start((ports) => live(id, ports));
    await world.sleep(2_000);
    const random = world.random('storm');
    world.network.setConditions({
      lossPpm: 10_000,
      duplicatePpm: 10_000,
      reorderPpm: 10_000,
      replayPpm: 1_000,
    });
    for (let turn = 0; turn < 4; turn += 1) await strike(world, random);
    world.network.setConditions({ lossPpm: 0, duplicatePpm: 0, reorderPpm: 0, replayPpm: 0 });
    world.network.heal();
    for (const host of world.hosts) {
      if (host.isPaused) host.resume();
      if (!host.isRunning) host.restart();
    }
    world.healed(ids);
    await world.sleep(7_000);
  });
}

async function strike(world: World, random: RandomStream): Promise<void> {
  const victim = world.host(ids[random.below(ids.length)] ?? 'a');
  switch (random.below(5)) {
    case 0:
      victim.crash();
      await world.sleep(700);
      victim.restart();
      break;
    case 1:
      victim.crash({ wipe: true });
      await world.sleep(300);
      victim.restart();
      await world.sleep(3_000);
      break;
    case 2: {
      const heal = world.network.partition([[victim.name], ids.filter((id) => id !== victim.name)]);
      await world.sleep(1_500);
      heal();
      break;
    }
    case 3:
      victim.pause();
      await world.sleep(1_200);
      victim.resume();
      break;
    default: {
      const heal = world.network.partition([ids.slice(0, 2), ids.slice(2)], { silent: false });
      await world.sleep(1_500);
      heal();
    }
  }
  await world.sleep(500);
}

async function live(id: string, ports: HostPorts): Promise<void> {
  const timing = { heartbeatMs: 50, electionTimeoutMs: 250 };
  const peer = await ports.openPeer({ id, members: stormMembers, limits, timing });
  // Nothing here is a reason to stop: a peer that does has found a bug.
  const failed = new Promise<never>((_resolve, reject) => void peer.on('fatal', reject));
  await Promise.race([failed, workOn(peer, ports)]);
}

async function workOn(peer: Peer, ports: HostPorts): Promise<never> {
  for (;;) {
    try {
      await work(peer, ports);
    } catch {
      await ports.sleep(100);
    }
  }
}

/** A session that does a little of everything; sometimes it closes, sometimes it just falls silent. */
async function work(peer: Peer, ports: HostPorts): Promise<void> {
  const session = await peer.openSession({ timeoutMs: 1_500 });
  await session.create('/queue', null, { ifAbsent: true });
  for (let turn = 0; turn < 20; turn += 1) {
    await Promise.allSettled(askAll(session, ports, turn));
    await ports.sleep(250);
  }
  await session.close();
}

function askAll(session: Session, ports: HostPorts, turn: number): readonly Promise<unknown>[] {
  const path = `/z${ports.random.u32() % 8}`;
  return [
    session.create('/queue/item-', turn, {
      sequential: true,
      kind: turn % 2 === 0 ? 'ephemeral' : 'persistent',
    }),
    session.set(path, { turn, text: 'x'.repeat(turn) }, { create: true }),
    session.multi([op.set('/z0', turn), op.check(path, turn)]),
    session.increment('/count', 1, { create: true }),
    session.get('/count', { consistency: 'linearizable' }),
    ...(turn % 5 === 4 ? [session.delete(path)] : []),
  ];
}
