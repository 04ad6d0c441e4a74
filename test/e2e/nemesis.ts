/** What goes wrong in a run, and when: drawn from the seed. Each fault lasts a while and is then taken back. */
import type { RandomStream } from '@quorate/simulator';
import type { Links } from './links/links.ts';
import type { PeerProcess } from './processes/peer-process.ts';

export interface Afflicted {
  readonly peers: readonly PeerProcess[];
  readonly clients: readonly string[];
  readonly links: Links;
  readonly leader: () => string;
}

type Fault = (afflicted: Afflicted, stream: RandomStream) => Promise<void>;

/** Mean time between two faults. */
const quietMs = 1_000;
const faultMs: readonly [least: number, most: number] = [300, 2_500];
/** A kill of all of them ends every election and every connection: rarely. */
const faults: Readonly<Record<string, Fault>> = {
  killLeader: (all, stream) => killFor(leaderOf(all), stream),
  killPeer: (all, stream) => killFor(stream.pick(all.peers), stream),
  async killAll({ peers }, stream) {
    await Promise.all(peers.map((peer) => killFor(peer, stream)));
  },
  stopLeader: (all, stream) => stopFor(leaderOf(all), stream),
  stopPeer: (all, stream) => stopFor(stream.pick(all.peers), stream),
  async isolate(all, stream) {
    const peer = stream.chance(500_000) ? leaderOf(all) : stream.pick(all.peers);
    for (const other of everybody(all)) if (other !== peer.id) all.links.cut(peer.id, other);
    await lasting(stream);
  },
  async cutPair(all, stream) {
    const { from, to } = pairOf(all, stream);
    all.links.cut(from, to);
    await lasting(stream);
  },
  async loseOneWay(all, stream) {
    const { from, to } = pairOf(all, stream);
    all.links.worsen(from, to, { isSilent: true });
    await lasting(stream);
  },
  async halfOpen(all, stream) {
    const { from, to } = pairOf(all, stream);
    all.links.halfOpen(from, to);
    await lasting(stream);
  },
  corrupt: (all, stream) => worsen(all, stream, { corruptPpm: stream.between(1_000, 100_000) }),
  delay: (all, stream) => worsen(all, stream, { delayMs: stream.between(5, 200) }),
  throttle: (all, stream) => worsen(all, stream, { bytesPerSecondMax: stream.between(2_000, 50_000) }),
};

/** Afflicts until the time is over; then everything is healed and every peer runs. Answers how often each fault was. */
export async function runNemesis(
  afflicted: Afflicted,
  stream: RandomStream,
  untilMs: number,
): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = Object.fromEntries(Object.keys(faults).map((name) => [name, 0]));
  // Every kind in its turn, in an order of the seed's: a short run has most of them.
  let turn: string[] = [];
  while (performance.now() < untilMs) {
    await sleep(stream.exponential(quietMs));
    if (turn.length === 0) turn = shuffled(Object.keys(faults), stream);
    const name = turn.pop() ?? '';
    counts[name] = (counts[name] ?? 0) + 1;
    await faults[name]?.(afflicted, stream);
    afflicted.links.healAll();
  }
  return counts;
}

function worsen(
  all: Afflicted,
  stream: RandomStream,
  conditions: Parameters<Links['worsen']>[2],
): Promise<void> {
  const { from, to } = pairOf(all, stream);
  all.links.worsen(from, to, conditions);
  return lasting(stream);
}

async function killFor(peer: PeerProcess, stream: RandomStream): Promise<void> {
  await peer.kill();
  await lasting(stream);
  peer.start();
}

async function stopFor(peer: PeerProcess, stream: RandomStream): Promise<void> {
  peer.stop();
  await lasting(stream);
  peer.goOn();
}

function leaderOf({ peers, leader }: Afflicted): PeerProcess {
  const found = peers.find(({ id }) => id === leader()) ?? peers[0];
  if (found === undefined) throw new TypeError('a run has peers');
  return found;
}

const everybody = ({ peers, clients }: Afflicted): readonly string[] => [
  ...peers.map(({ id }) => id),
  ...clients,
];

/** A peer, and somebody else who talks to it, in either direction. */
function pairOf(all: Afflicted, stream: RandomStream): { readonly from: string; readonly to: string } {
  const peer = stream.pick(all.peers).id;
  const other = stream.pick(everybody(all).filter((id) => id !== peer));
  return stream.chance(500_000) ? { from: peer, to: other } : { from: other, to: peer };
}

function shuffled(names: readonly string[], stream: RandomStream): string[] {
  const left = [...names];
  const drawn: string[] = [];
  while (left.length > 0) drawn.push(...left.splice(stream.below(left.length), 1));
  return drawn;
}

const lasting = (stream: RandomStream): Promise<void> => sleep(stream.between(...faultMs));

function sleep(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, delayMs);
  });
}
