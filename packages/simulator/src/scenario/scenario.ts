/**
 * Scenarios: a story of one ensemble, told in the words of those who run one, in a world without chance of its own.
 * Each has all invariants on, so a scenario states only what is special about it.
 *
 * @example
 * await scenario({ members: 3 }, async (story) => {
 *   const first = await story.leader();
 *   await story.write('/a', 1);
 *   story.isolate(first);
 *   await story.until('somebody else leads', () => story.leaderNow !== first);
 *   story.heal();
 *   await story.sees('/a', 1);
 * });
 */
import type { Peer, PeerOptions, Session, Value } from '@quorate/core';
import { allInvariants } from '../invariants/all.ts';
import { InvariantBroken } from '../invariants/invariant.ts';
import type { Host, HostPorts } from '../world/host.ts';
import { simulate } from '../world/simulate.ts';
import type { World } from '../world/world.ts';

/** What a story begins with. */
export interface ScenarioOptions {
  /** 1 to 7 voters, named from `a` on. */
  readonly members: number;
  /** Draws delays; default 1. */
  readonly seed?: number;
  /** Given to every peer. */
  readonly limits?: PeerOptions['limits'];
}

/** Virtual milliseconds that a story waits for anything. */
const patienceMs = 10_000;
const lookEveryMs = 10;

/** Tells one story; rejects if it does not come out, or if an invariant is broken in it. */
export async function scenario(
  options: ScenarioOptions,
  tell: (story: Story) => Promise<void>,
): Promise<void> {
  await simulate({ seed: options.seed ?? 1, invariants: allInvariants }, async (world) => {
    const story = new Story(world, options);
    await tell(story);
  });
}

/** The words of a story. */
export class Story {
  readonly world: World;
  readonly members: readonly string[];
  readonly #options: ScenarioOptions;
  readonly #peers = new Map<string, Peer>();

  constructor(world: World, options: ScenarioOptions) {
    this.world = world;
    this.#options = options;
    this.members = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].slice(0, options.members);
    for (const member of this.members) this.host(member).start((ports) => this.#run(member, ports));
  }

  // --- who is there ---------------------------------------------------------------------------------------------

  host(member: string): Host {
    return this.world.host(member);
  }

  /** The running peer of a member. */
  peer(member: string): Peer {
    const peer = this.#peers.get(member);
    if (peer === undefined) throw new InvariantBroken('Scenario', `member ${member} does not run`);
    return peer;
  }

  /** Who says of itself that it leads, the newest term first. */
  get leaderNow(): string | undefined {
    const [first] = [...this.#peers]
      .filter(([member, { role }]) => role === 'leader' && this.host(member).isRunning)
      .sort(([, left], [, right]) => right.term - left.term);
    return first?.[0];
  }

  /** Waits until somebody leads. */
  async leader(): Promise<string> {
    await this.until('somebody leads', () => this.leaderNow !== undefined);
    return this.leaderNow ?? '';
  }

  /** A member that does not lead. */
  follower(): string {
    const follower = this.members.find((member) => member !== this.leaderNow);
    if (follower === undefined) throw new InvariantBroken('Scenario', 'there is nobody to follow');
    return follower;
  }

  // --- what is done ---------------------------------------------------------------------------------------------

  /** A session at a member, by default at the leader. */
  async session(at?: string): Promise<Session> {
    const peer = this.peer(at ?? (await this.leader()));
    return await peer.openSession({ timeoutMs: 5_000, deadlineMs: patienceMs });
  }

  /** Sets a znode, made if it is missing. */
  async write(path: string, value: Value, at?: string): Promise<void> {
    const session = await this.session(at);
    await session.set(path, value, { create: true, deadlineMs: patienceMs });
    await session.close();
  }

  /** Many writes, so that logs grow and snapshots are taken. */
  async writeMany(count: number, path = '/many'): Promise<void> {
    const session = await this.session();
    for (let at = 0; at < count; at += 1)
      await session.set(path, at, { create: true, deadlineMs: patienceMs });
    await session.close();
  }

  crash(member: string, options?: Parameters<Host['crash']>[0]): void {
    this.#peers.delete(member);
    this.host(member).crash(options);
  }

  restart(member: string): void {
    this.#peers.delete(member);
    this.host(member).restart();
  }

  isolate(member: string): void {
    this.world.network.partition([[member], this.members.filter((other) => other !== member)]);
  }

  cut(from: string, to: string, options?: { readonly oneWay?: boolean }): void {
    this.world.network.cut(from, to, options);
  }

  heal(): void {
    this.world.network.heal();
  }

  /** How long a write of this member's disk takes from now on. */
  slowDisk(member: string, latencyMs: number): void {
    const { conditions } = this.host(member).disk;
    conditions.latencyUsMin = latencyMs * 1_000;
    conditions.latencyUsMean = 0;
  }

  sleep(durationMs: number): Promise<void> {
    return this.world.sleep(durationMs);
  }

  // --- what must come of it -------------------------------------------------------------------------------------

  /** Waits for a condition; it must come true within ten virtual seconds. */
  async until(what: string, isTrue: () => boolean): Promise<void> {
    for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += lookEveryMs) {
      if (isTrue()) return;
      await this.world.sleep(lookEveryMs);
    }
    throw new InvariantBroken('Scenario', `never came true: ${what}`, {
      peers: this.members.map((member) => {
        const peer = this.#peers.get(member);
        return peer === undefined ? `${member} is gone` : `${member} ${peer.role} in term ${peer.term}`;
      }),
    });
  }

  /** Every running member's replica shows this value in the end. */
  async sees(path: string, value: Value): Promise<void> {
    const shown = JSON.stringify(value);
    await this.until(`${path} is ${shown} everywhere`, () =>
      [...this.#peers.values()].every(({ tree }) => JSON.stringify(tree.get(path)?.value) === shown),
    );
  }

  async #run(member: string, ports: HostPorts): Promise<void> {
    const members = Object.fromEntries(this.members.map((id) => [id, '']));
    const { limits } = this.#options;
    const peer = await ports.openPeer({ id: member, members, ...(limits === undefined ? {} : { limits }) });
    this.#peers.set(member, peer);
    await new Promise<never>((_resolve, reject) => {
      peer.on('fatal', reject);
    });
  }
}
