/**
 * The second half of a run: a majority drawn by the seed has no faults any more and must serve; the others stay
 * as they are, or worse (two phases as in TigerBeetle's simulator and openraft's).
 */
import type { Peer } from '@quorate/core';
import { InvariantBroken } from '../invariants/invariant.ts';
import { defaultFileConditions } from '../world/file-disk.ts';
import type { RandomStream } from '../world/random-stream.ts';
import type { World } from '../world/world.ts';
import { queue } from './clients/queue-user.ts';
import type { Crew } from './member.ts';
import type { Moments } from './moments.ts';
import type { Nemesis } from './nemesis.ts';

/** Writes and reads that every member of the core must answer at the end. */
const serviceCalls = 10;

/** Virtual milliseconds for an election to begin. */
const electionMsMax = 3_000;

/**
 * The leader is cut off, and who would follow it falls in the middle of its election: the others are in a new term,
 * the longest log is in the old one, and they must find a leader without the fallen. Answers who that is, if anybody.
 */
export async function fallInElection({ world }: Crew, moments: Moments): Promise<string | undefined> {
  const { members, peers } = world.view;
  const leader = peers.find(
    ({ replica: { raft } }) => raft.role === 'leader' && raft.commitIndex > 0,
  )?.member;
  if (leader === undefined || members.length < 3) return undefined;
  const stream = world.random('ending-election');
  const undo = world.network.partition([[leader], members.filter((member) => member !== leader)]);
  const candidate = await Promise.race([moments.next('term'), world.sleep(electionMsMax)]);
  await world.sleep(stream.pick([0.3, 0.6, 1, 2]));
  undo();
  if (candidate === undefined || candidate === leader) return undefined;
  world.host(candidate).crash({ of: 'machine' });
  return candidate;
}

/** Ends all faults of a majority, the fallen not among them, and answers who that is. */
export function heal(
  { knobs, world }: Crew,
  nemesis: Nemesis,
  fallen: string | undefined,
): readonly string[] {
  const stream = world.random('ending');
  const amnesiacs = nemesis.amnesiacs;
  const away = new Set(fallen === undefined ? amnesiacs : [...amnesiacs, fallen]);
  // With too many of them away the fallen has to come back.
  const isEnough = 2 * (knobs.members.length - away.size) > knobs.members.length;
  const excluded = isEnough && fallen !== undefined ? [fallen] : [];
  const core = drawCore(world, {
    members: knobs.members.filter((member) => !excluded.includes(member)),
    amnesiacs,
    needed: Math.floor(knobs.members.length / 2) + 1,
    stream,
  });
  const { network } = world;
  network.heal();
  const quiet = {
    lossPpm: 0,
    duplicatePpm: 0,
    reorderPpm: 0,
    corruptPpm: 0,
    replayPpm: 0,
    delayUsMean: 300,
    queueFramesMax: 8_192,
  };
  network.setConditions(quiet);
  for (const member of core) {
    const host = world.host(member);
    Object.assign(host.disk.conditions, { latencyUsMean: 200, writeFailurePpm: 0, readFailurePpm: 0 });
    Object.assign(host.files.conditions, defaultFileConditions);
    host.clock.ratePpm = 0;
    host.release();
  }
  for (const remote of knobs.remotes) {
    world.host(remote).clock.ratePpm = 0;
    world.host(remote).release();
  }
  nemesis.stop([...core, ...knobs.remotes]);
  leaveOthers(world, { core, members: knobs.members, stream });
  world.healed(core);
  return core;
}

/**
 * A majority of voters that still have their data, and perhaps more. An ensemble that was never founded needs all
 * of its members for that.
 */
function drawCore(
  world: World,
  from: {
    readonly members: readonly string[];
    readonly amnesiacs: ReadonlySet<string>;
    readonly needed: number;
    readonly stream: RandomStream;
  },
): readonly string[] {
  const { members, amnesiacs, needed, stream } = from;
  const isFounded = world.view.peers.some(({ replica }) => replica.raft.commitIndex > 0);
  if (!isFounded) return members;
  const whole = shuffled(
    members.filter((member) => !amnesiacs.has(member)),
    stream,
  );
  const majority = whole.slice(0, needed);
  const rest = members.filter((member) => !majority.includes(member));
  const chosen = new Set([...majority, ...rest.filter(() => stream.chance(400_000))]);
  return members.filter((member) => chosen.has(member));
}

function shuffled<T>(items: readonly T[], stream: RandomStream): readonly T[] {
  const left = [...items];
  const order: T[] = [];
  while (left.length > 0) order.push(...left.splice(stream.below(left.length), 1));
  return order;
}

/** Some run on, some are cut off, some only hear or only speak, some are gone. */
function leaveOthers(
  world: World,
  facts: {
    readonly core: readonly string[];
    readonly members: readonly string[];
    readonly stream: RandomStream;
  },
): void {
  const { core, members, stream } = facts;
  for (const member of members) {
    if (core.includes(member)) continue;
    const host = world.host(member);
    switch (stream.pick(['gone', 'cut', 'deaf', 'mute', 'paused'] as const)) {
      case 'gone':
        host.crash({ of: 'process' });
        break;
      case 'cut':
        world.network.partition([[member], members.filter((other) => other !== member)]);
        break;
      case 'deaf':
        for (const other of members) if (other !== member) world.network.cut(other, member, { oneWay: true });
        break;
      case 'mute':
        for (const other of members) if (other !== member) world.network.cut(member, other, { oneWay: true });
        break;
      case 'paused':
        host.pause();
        break;
    }
  }
}

/** Every member of the core answers fresh writes and linearizable reads, and all of them are the same in the end. */
export async function proveService(crew: Crew, core: readonly string[]): Promise<void> {
  for (const member of core) {
    const peer = crew.peers.get(member);
    if (peer === undefined) throw new InvariantBroken('Serves', `member ${member} does not run`);
    await serve(crew, member, peer).catch((error: unknown) => {
      throw new InvariantBroken('Serves', `member ${member} does not answer: ${String(error)}`, {
        core,
        leader: peer.leader,
        term: peer.term,
        role: peer.role,
      });
    });
  }
}

async function serve({ world }: Crew, member: string, peer: Peer): Promise<void> {
  const wait = { deadlineMs: 4_000 };
  const session = await peer.openSession({ timeoutMs: 5_000, ...wait });
  for (let call = 0; call < serviceCalls; call += 1) {
    const path = `/service/${member}`;
    await session.create(path, 0, { parents: true, ifAbsent: true, ...wait });
    await session.set(path, call, wait);
    const { value } = await session.get<unknown>(path, { consistency: 'linearizable', ...wait });
    if (value !== call)
      throw new InvariantBroken('Serves', 'a read does not see the write before it', { value, call });
    await world.sleep(10);
  }
  await session.close();
}

/** What is in the queue at the peer that has applied most, at this very moment. */
export function drainedBy({ knobs, peers, world }: Crew): readonly string[] {
  const [furthest] = [...world.view.peers].sort(
    (left, right) => right.replica.machine.appliedIndex - left.replica.machine.appliedIndex,
  );
  const tree = peers.get(furthest?.member ?? knobs.members[0] ?? '')?.tree;
  if (tree?.stat(queue) === undefined) return [];
  const names = tree.children(queue, { limit: 1_000_000 });
  return names.flatMap((name) => tree.get<string>(`${queue}/${name}`)?.value ?? []);
}
