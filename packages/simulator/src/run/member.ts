/** What runs on the host of a member: its peer, and the clients that use it. */
import { CoordinationError, type Peer } from '@quorate/core';
import type { Storage } from '@quorate/core/ports';
import type { History } from '../history/history.ts';
import type { HostPorts } from '../world/host.ts';
import type { World } from '../world/world.ts';
import { type ClientOptions, runClient } from './clients/client.ts';
import { runMover } from './clients/mover.ts';
import type { FencedResource } from './clients/lock-user.ts';
import type { Knobs } from './knobs.ts';
import type { SessionBook } from './session-book.ts';

/** A peer that stopped although its world gave it no reason to. */
export class PeerFailed extends Error {
  override readonly name = 'PeerFailed';
  /** What it said: the broken invariant of the core, or the code of its error. */
  readonly reason: string;

  constructor(member: string, cause: unknown) {
    const bug = bugIn(cause);
    const inner = cause instanceof CoordinationError && cause.cause !== undefined ? cause.cause : cause;
    const reason = bug?.message ?? (inner instanceof Error ? inner.message : String(inner));
    super(`peer ${member} stopped: ${reason}`, { cause });
    this.reason = bug === undefined ? `${codeOf(cause)} ${reason}` : reason;
  }
}

/** Opens the storage of one life of a peer, usually over `ports.directory`. */
export type StorageOf = (ports: HostPorts, knobs: Knobs) => Storage;

/** What the members of a run share. */
export interface Crew {
  readonly world: World;
  readonly knobs: Knobs;
  readonly history: History;
  readonly resource: FencedResource;
  readonly book: SessionBook;
  /** Sessions of movers. */
  readonly movable: Set<string>;
  /** The peers that run now, by member. */
  readonly peers: Map<string, Peer>;
  readonly storageOf?: StorageOf;
  /** The clients that run now, by host. */
  readonly clients: Map<string, string[]>;
  clientsCount: number;
  /** Clients make no calls any more; their sessions stay. */
  isQuiet: boolean;
}

/** The main function of a member's host; it ends only when its peer does. */
export function memberMain(crew: Crew, member: string): (ports: HostPorts) => Promise<void> {
  const { knobs, peers, storageOf, world } = crew;
  const { heartbeatMs, electionTimeoutMs } = knobs;
  const members = Object.fromEntries(knobs.members.map((id) => [id, '']));
  return async (ports) => {
    const peer = await ports.openPeer({
      id: member,
      members,
      timing: { heartbeatMs, electionTimeoutMs },
      limits: knobs.limits[knobs.members.indexOf(member)] ?? {},
      ...(storageOf === undefined ? {} : { storage: storageOf(ports, knobs) }),
    });
    peers.set(member, peer);
    const clients: string[] = [];
    crew.clients.set(member, clients);
    const failed = new Promise<never>((_resolve, reject) => {
      peer.on('fatal', reject);
    });
    const { life } = world.host(member);
    if (life === undefined) return;
    const { book, movable } = crew;
    const sleep = (delayMs: number): Promise<void> => ports.sleep(delayMs);
    const isQuiet = (): boolean => crew.isQuiet;
    // Two, so that a session has somewhere to go.
    if (knobs.features.has('resuming') && knobs.members.indexOf(member) < 2) {
      const stream = world.random(`mover:${member}${crew.clientsCount}`);
      void runMover({ peer, life, knobs, stream, book, movable, sleep, isQuiet });
    }
    // Clients without a replica take the place of some that have one: a seed costs the same.
    const awayCount = member === knobs.members.at(-1) ? knobs.remotes.length : 0;
    for (let count = awayCount; count < knobs.clientsPerMember; count += 1) {
      crew.clientsCount += 1;
      const name = `${member}${crew.clientsCount}`;
      clients.push(name);
      const stream = world.random(`client:${name}`);
      const { history, resource } = crew;
      const open: ClientOptions['open'] = (options) => peer.openSession(options);
      void runClient({ name, member, open, knobs, stream, history, resource, book, life, sleep, isQuiet });
    }
    await failed;
  };
}

/** Whether a failing disk explains why a process ended. An invariant that a storage found broken is none. */
export function isStorageFailure(error: unknown): boolean {
  return codeOf(error) === 'STORAGE_FAILED' && bugIn(error) === undefined;
}

/** The broken invariant behind an error, of whatever package: each has a class of its own under this name. */
function bugIn(error: unknown): Error | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause.name === 'InvariantViolation') return cause;
  }
  return undefined;
}

function codeOf(error: unknown): string {
  return error instanceof CoordinationError ? error.code : 'an error that is not typed:';
}
