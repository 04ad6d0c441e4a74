/**
 * A short run in which all is well, and what is left of it: real replicas, and the watches that have followed them.
 * A test then tells a watch something that must not happen, and the watch must say so.
 */
import type { Peer } from '@quorate/core';
import type { ReplicaOutput } from '@quorate/core/inspect';
import type { HostPorts } from '../../world/host.ts';
import { simulate } from '../../world/simulate.ts';
import type { Invariant, InvariantWatch, ObservedPeer, ObservedStep, WorldView } from '../invariant.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { factsOf, type PeerFacts } from '../peer-facts.ts';

const members = { a: '', b: '', c: '' };

/** What a quiet run leaves. */
export interface QuietRun {
  readonly ledger: Ledger;
  /** As it was at the end; a test may show another one. */
  readonly view: WorldView;
  readonly leader: ObservedPeer;
  readonly follower: ObservedPeer;
  /** A session that is open, and that has ephemerals and requests. */
  readonly sessionId: number;
  /** The watch of an invariant that has followed the run. */
  watchOf(invariant: Invariant): Required<InvariantWatch>;
}

/** Runs three peers for some seconds under these invariants, which must stay silent. */
export async function quietRun(invariants: readonly Invariant[]): Promise<QuietRun> {
  const watches = new Map<Invariant, InvariantWatch>();
  const seen: { ledger?: Ledger; view?: WorldView } = {};
  const kept = invariants.map((invariant): Invariant => {
    const watch = (ledger: Ledger): InvariantWatch => {
      const watching = invariant.watch(ledger);
      seen.ledger = ledger;
      watches.set(invariant, watching);
      return watching;
    };
    return { ...invariant, watch };
  });
  const last: Invariant = {
    name: 'Last',
    statement: 'Looks at the end.',
    source: 'this test',
    watch: () => ({
      ended(view) {
        seen.view = { ...view };
      },
    }),
  };
  await simulate({ seed: 5, invariants: [...kept, last] }, async (world) => {
    for (const id of Object.keys(members)) world.host(id).start((ports) => live(id, ports));
    await world.sleep(3_000);
  });
  const { ledger, view } = seen;
  const leader = view?.peers.find(({ replica }) => replica.raft.role === 'leader');
  const follower = view?.peers.find(({ replica }) => replica.raft.role === 'follower');
  const session = leader?.replica.machine.sessions().find(({ ephemeralsCount }) => ephemeralsCount > 0);
  if (ledger === undefined || view === undefined) throw new TypeError('nobody watched');
  if (leader === undefined || follower === undefined || session === undefined) throw new TypeError('not led');
  const watchOf = (invariant: Invariant): Required<InvariantWatch> => complete(watches.get(invariant) ?? {});
  return { ledger, view, leader, follower, sessionId: session.sessionId, watchOf };
}

async function live(id: string, ports: HostPorts): Promise<void> {
  const limits = { snapshotAfterEntries: 40, logEntriesKept: 10 };
  const peer = await ports.openPeer({ id, members, limits });
  await work(peer, ports);
}

async function work(peer: Peer, ports: HostPorts): Promise<void> {
  const session = await peer.openSession();
  await session.create('/queue', null, { ifAbsent: true });
  for (;;) {
    const [item] = await Promise.all([
      session.create('/queue/item-', peer.id, { sequential: true }),
      session.set(`/of-${peer.id}`, peer.id, { create: true }),
      session.create('/queue/mine-', peer.id, { sequential: true, kind: 'ephemeral' }),
    ]);
    await session.delete(item.path);
    await ports.sleep(100);
  }
}

function complete(watch: InvariantWatch): Required<InvariantWatch> {
  const missing = (): never => {
    throw new TypeError('this invariant does not look at that');
  };
  const none = {
    stepped: missing,
    sent: missing,
    writing: missing,
    stored: missing,
    rotted: missing,
    syncFailed: missing,
    crashed: missing,
    swept: missing,
    ended: missing,
  };
  return { opened: missing, ...none, ...watch };
}

const nothing: ReplicaOutput = Object.freeze({
  persists: [],
  sendAfterPersist: [],
  sendNow: [],
  snapshotReads: [],
  watches: [],
  applied: [],
  reads: [],
  notices: [],
  more: false,
});

/** What a doctored step differs in; the rest is as the replica is, and nothing comes out. */
export interface Doctored {
  readonly input?: ObservedStep['input'];
  readonly output?: Partial<ReplicaOutput>;
  readonly before?: Partial<PeerFacts>;
  readonly after?: Partial<PeerFacts>;
}

/** A step that a replica did not take. */
export function stepOf(peer: ObservedPeer, doctored: Doctored): ObservedStep {
  const facts = factsOf(peer.replica);
  return {
    peer,
    input: doctored.input,
    output: { ...nothing, ...doctored.output },
    before: { ...facts, ...doctored.before },
    after: { ...facts, ...doctored.after },
  };
}

/** For a step that writes this batch. */
export function writes(batch: object): {
  readonly output: { readonly persists: readonly [{ readonly ticket: number; readonly batch: object }] };
} {
  return { output: { persists: [{ ticket: 99, batch }] } };
}

/** The same peer, whose replica says something else where it is asked for it. */
export function disguised(
  peer: ObservedPeer,
  lies: { readonly raft?: object; readonly machine?: object; readonly replica?: object },
): ObservedPeer {
  const { replica } = peer;
  const raft = overlaid(replica.raft, lies.raft ?? {});
  const machine = overlaid(replica.machine, lies.machine ?? {});
  return { ...peer, replica: overlaid(replica, { raft, machine, ...lies.replica }) };
}

/** The same object, which says something else where it is asked for it. */
export function overlaid<T extends object>(target: T, lies: object): T {
  return new Proxy(target, {
    get(_target, name) {
      if (Object.hasOwn(lies, name)) return Reflect.get(lies, name) as unknown;
      // Private fields are the target's own: what is asked of it must not go through the proxy.
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

/** The header of a message of this peer. */
export function headerOf(
  peer: ObservedPeer,
  to: string,
): { readonly from: string; readonly to: string; readonly term: number; readonly incarnation: number } {
  return { from: peer.member, to, term: peer.replica.raft.term, incarnation: peer.incarnation };
}
