/**
 * What the tests of failures share: peers that are closed after their test, expected rejections, and a watch
 * on the process: whatever a test does to a peer, nothing may reach the host as an uncaught exception or an
 * unhandled rejection.
 */
import {
  CoordinationError,
  openPeer,
  type ErrorCode,
  type Peer,
  type PeerOptions,
  type WatchStream,
} from '@quorate/core';
import { memoryNetwork, type MemoryNetwork, type MemoryNetworkOptions } from '@quorate/transport-memory';
import { afterEach, beforeEach, expect } from 'vitest';

/** Short, so that elections and retries cost a test little; real, because these tests are about the runtime. */
export const timing: { readonly heartbeatMs: number; readonly electionTimeoutMs: number } = {
  heartbeatMs: 10,
  electionTimeoutMs: 80,
};

/** Far beyond what a busy machine needs: reaching it is a failure. */
export const patienceMs = 20_000;

const openPeers = new Set<Peer>();
const stray: unknown[] = [];
const collect = (reason: unknown): void => void stray.push(reason);

/** Call once at the top of a file: closes every peer after each test, and fails a test that harmed the host. */
export function guardTheHost(): void {
  beforeEach(() => {
    process.on('unhandledRejection', collect);
    process.on('uncaughtException', collect);
  });
  afterEach(async () => {
    await Promise.all([...openPeers].map((peer) => peer.close({ graceful: false })));
    openPeers.clear();
    // Rejections are reported after the microtasks, timers and immediates that made them.
    await turns(3);
    process.off('unhandledRejection', collect);
    process.off('uncaughtException', collect);
    expect(stray.splice(0)).toEqual([]);
  });
}

/** A peer that is closed after the test. */
export async function open(options: Partial<PeerOptions> = {}): Promise<Peer> {
  const peer = await openPeer({ id: 'a', timing, ...options });
  openPeers.add(peer);
  return peer;
}

export interface Three {
  readonly network: MemoryNetwork;
  readonly a: Peer;
  readonly b: Peer;
  readonly c: Peer;
  readonly peers: readonly [Peer, Peer, Peer];
}

export interface ThreeOptions extends MemoryNetworkOptions {
  /** Options of one member, or of all. */
  readonly of?: (id: string) => Partial<PeerOptions>;
}

/** Three members that know one leader. */
export async function openThree(options: ThreeOptions = {}): Promise<Three> {
  const { of = () => ({}), ...networkOptions } = options;
  const network = memoryNetwork(networkOptions);
  const members = { a: '', b: '', c: '' };
  const openMember = (id: string): Promise<Peer> =>
    open({ id, members, transport: network.transport(), ...of(id) });
  const [a, b, c] = await Promise.all([openMember('a'), openMember('b'), openMember('c')]);
  const three: Three = { network, a, b, c, peers: [a, b, c] };
  await Promise.all(three.peers.map((peer) => peer.ready({ deadlineMs: patienceMs })));
  return three;
}

/** The one that leads, as all of them see it. */
export async function leaderOf(peers: readonly Peer[]): Promise<Peer> {
  return await until('a leader that all know', () => {
    const leader = peers.find((peer) => peer.role === 'leader');
    return peers.every((peer) => peer.leader === leader?.id) ? leader : undefined;
  });
}

export async function followersOf(peers: readonly Peer[]): Promise<readonly Peer[]> {
  const leader = await leaderOf(peers);
  return peers.filter((peer) => peer !== leader);
}

/** What a call is rejected with; fails the test if it is not. A call that throws instead fails it too. */
export async function reasonOf(call: () => PromiseLike<unknown>): Promise<unknown> {
  let promise: PromiseLike<unknown>;
  try {
    promise = call();
  } catch (error) {
    throw new Error('an async method threw instead of rejecting', { cause: error });
  }
  return await promise.then(
    (value) => {
      throw new Error(`expected a rejection, got ${JSON.stringify(value)}`);
    },
    (reason: unknown) => reason,
  );
}

/** The CoordinationError that a call is rejected with. */
export async function failureOf(call: () => PromiseLike<unknown>): Promise<CoordinationError> {
  return asFailure(await reasonOf(call));
}

/** The CoordinationError that ends the iteration of a watch. */
export async function failureOfWatch(stream: WatchStream<unknown>): Promise<CoordinationError> {
  return await failureOf(async () => {
    for await (const batch of stream) expect(batch.events).toBeDefined();
  });
}

/** The CoordinationError that a synchronous call throws. */
export function thrownBy(call: () => unknown): CoordinationError {
  try {
    call();
  } catch (error) {
    return asFailure(error);
  }
  throw new Error('expected an exception');
}

function asFailure(reason: unknown): CoordinationError {
  if (reason instanceof CoordinationError) return reason;
  throw new Error(`expected a CoordinationError, got ${String(reason)}`, { cause: reason });
}

/** Rejects when `promise` takes longer than a deadline far beyond what it needs: "nothing hangs". */
export async function settles<T>(
  promise: PromiseLike<T>,
  withinMs: number = patienceMs,
): Promise<PromiseSettledResult<T>> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`still pending after ${withinMs} ms`)), withinMs);
  });
  const settled = Promise.allSettled([promise]).then(([result]) => result);
  try {
    return await Promise.race([settled, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

/** Looks again and again until `look` answers something other than undefined or false. */
export async function until<T>(what: string, look: () => T | undefined | false): Promise<T> {
  const giveUpAt = performance.now() + patienceMs;
  for (;;) {
    const seen = look();
    if (seen !== undefined && seen !== false) return seen;
    if (performance.now() > giveUpAt) throw new Error(`waited ${patienceMs} ms for ${what}`);
    await turns(1);
  }
}

/** So many turns of the event loop. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) {
    await new Promise((resolve) => {
      setTimeout(resolve, 1);
    });
  }
}

/** Codes in the order of their calls, for comparing many at once. */
export function codesOf(failures: readonly CoordinationError[]): readonly ErrorCode[] {
  return failures.map(({ code }) => code);
}
