/** What a client may do in one step, by the features of its run. Values are unique, so that each write can be told. */
import { op, type CreateOptions, type Operation, type Session, type WatchOptions } from '@quorate/core';
import type { ClientOptions } from './client.ts';
import type { Feature } from './features.ts';
import { useLock } from './lock-user.ts';
import { putOrTake } from './queue-user.ts';
import { followWatch } from './watch-user.ts';

/** One call, or a few that belong together. */
export type Action = (session: Session) => Promise<unknown>;

/** Znodes of each kind of work: few, so that clients meet. */
const registersCount = 4;
const countersCount = 2;
const treePathsMax = 3;

export function actionsOf(options: ClientOptions): readonly Action[] {
  const { knobs } = options;
  const byFeature = createActions(options);
  const chosen: Action[] = [];
  for (const [feature, actions] of Object.entries(byFeature)) {
    if (knobs.features.has(feature as Feature)) chosen.push(...actions);
  }
  // A run without any of them still writes.
  return chosen.length === 0 ? byFeature.registers : chosen;
}

function createActions(options: ClientOptions): Readonly<Partial<Record<Feature, readonly Action[]>>> & {
  readonly registers: readonly Action[];
} {
  const { knobs, name, stream } = options;
  let written = 0;
  const unique = (): string => `${name}-${(written += 1)}`;
  const register = (): string => `/r/${stream.below(registersCount)}`;
  const counter = (): string => `/c/${stream.below(countersCount)}`;
  const branch = (): string => `/t/${stream.below(treePathsMax)}`;
  const leaf = (): string => `${branch()}/${stream.below(treePathsMax)}`;
  const version = (): number => stream.pick([-1, -1, 0, 1, 2]);
  // Without a deadline a call that is lost on the way is never answered: AllCallsSettle notices.
  const patience = (): { deadlineMs?: number } => (stream.chance(300_000) ? { deadlineMs: Infinity } : {});
  const read = (): { consistency: 'session' | 'linearizable'; deadlineMs?: number } => ({
    consistency: knobs.features.has('linearizable') && stream.chance(500_000) ? 'linearizable' : 'session',
    ...patience(),
  });
  const write = (): { acknowledge?: 'all'; deadlineMs?: number } =>
    knobs.features.has('acknowledge-all') && stream.chance(150_000) ? { acknowledge: 'all' } : patience();
  const create = (session: Session, path: string, more: CreateOptions = {}): Promise<unknown> =>
    session.create(path, unique(), { parents: true, ...write(), ...more });

  return {
    registers: [
      (session) => session.set(register(), unique(), { create: false, version: version(), ...write() }),
      (session) => create(session, register(), { ifAbsent: stream.chance(500_000) }),
      (session) => session.get(register(), read()),
      (session) => session.get(register(), read()),
      (session) => session.exists(register(), read()),
      async (session) => {
        const path = register();
        const { value } = await session.get(path, read());
        if (stream.chance(500_000)) return await session.compareAndSet(path, value, unique(), write());
        return await session.compareAndSwap(path, value, unique(), write());
      },
      (session) => session.getMany([register(), register()], read()),
    ],
    counters: [
      (session) => session.increment(counter(), stream.between(-2, 5), { create: true, ...write() }),
      (session) => session.increment(counter(), 1, write()),
      (session) => session.get(counter(), read()),
    ],
    tree: [
      (session) => create(session, leaf()),
      (session) => create(session, leaf()),
      (session) => session.delete(leaf(), { version: version(), ifExists: stream.chance(500_000) }),
      (session) => session.delete(branch(), { recursive: stream.chance(300_000) }),
      (session) => session.set(leaf(), unique(), { create: stream.chance(300_000) }),
      (session) => session.get(leaf(), read()),
    ],
    multi: [
      (session) => session.multi(operations(options, { unique, register, leaf, counter }), write()),
      (session) => session.multi(operations(options, { unique, register, leaf, counter })),
    ],
    sequential: [
      (session) => create(session, '/s/n-', { sequential: true }),
      (session) => create(session, '/s/n-', { sequential: true, kind: 'ephemeral' }),
      // As many go as come: the cost of a run must not grow with its length.
      async (session) => {
        const firstOnes = await session.children('/s', { ...read(), limit: 4 });
        await Promise.all(firstOnes.map((child) => session.delete(`/s/${child}`)));
      },
    ],
    ephemerals: [
      (session) => create(session, `/e/${unique()}`, { kind: 'ephemeral' }),
      (session) => create(session, `/e/shared-${stream.below(3)}`, { kind: 'ephemeral' }),
      (session) => session.ephemerals(read()),
    ],
    kinds: [
      (session) => create(session, `/k/c${stream.below(3)}/${stream.below(2)}`, { parents: 'container' }),
      (session) =>
        create(session, `/k/ttl-${stream.below(3)}`, { kind: 'ttl', ttlMs: stream.between(100, 3_000) }),
      (session) => session.delete(`/k/c${stream.below(3)}/${stream.below(2)}`, { ifExists: true }),
    ],
    containers: [(session) => refillContainer(options, session, unique)],
    update: [
      (session) =>
        session.update<string[]>(
          '/u/list',
          (draft) => {
            draft.push(unique());
            if (draft.length > 5) draft.shift();
          },
          { initial: [] },
        ),
    ],
    listings: [
      (session) => session.children('/t', read()),
      (session) => session.list(branch(), read()),
      (session) => session.count('/t', read()),
      (session) => session.children('/s', { ...read(), limit: 5 }),
      (session) => session.sync(),
    ],
    hostile: [
      (session) => session.set(register(), 'x'.repeat(stream.between(1, 200))),
      (session) => session.get('/no//path'),
      (session) => session.increment(register(), 1),
      (session) => session.delete('/'),
      (session) => create(session, '/e/child/of', { parents: false }),
    ],
    watches: [(session) => followWatch(options, session, watchOptions(options))],
    locks: [(session) => useLock(options, session)],
    queues: [
      (session) => putOrTake(options, session, unique),
      (session) => putOrTake(options, session, unique),
    ],
  };
}

/**
 * Empties a container and fills it again at about the time at which the leader finds that it is due. What it asks is
 * what every znode goes through that is reaped on a condition.
 */
async function refillContainer(
  { knobs, sleep, stream }: ClientOptions,
  session: Session,
  unique: () => string,
): Promise<void> {
  const graceMs = knobs.limits[0]?.containerGraceMs ?? Infinity;
  const path = `/k/edge-${unique()}`;
  await session.create(`${path}/first`, 0, { parents: 'container' });
  await session.delete(`${path}/first`);
  // A long grace is another action's business: the rest of the round waits for this one.
  if (graceMs > 1_000) return;
  await sleep(graceMs + stream.between(-knobs.heartbeatMs, 2 * knobs.heartbeatMs));
  if (stream.chance(500_000)) await session.create(`${path}/second`, 0, { parents: 'container' });
  // A child that comes and goes leaves it as empty as it was found, and not due any more.
  else await session.multi([op.create(`${path}/second`, 0), op.delete(`${path}/second`)]);
}

function watchOptions({ stream }: ClientOptions): WatchOptions & { readonly path: string } {
  const scope = stream.pick(['node', 'children', 'subtree'] as const);
  const path = scope === 'node' ? `/r/${stream.below(registersCount)}` : stream.pick(['/t', '/r', '/s', '/']);
  return { scope, path, overflow: stream.pick(['error', 'resync']), queueMax: stream.pick([2, 10_000]) };
}

interface Names {
  readonly unique: () => string;
  readonly register: () => string;
  readonly leaf: () => string;
  readonly counter: () => string;
}

function operations(
  { stream }: ClientOptions,
  { unique, register, leaf, counter }: Names,
): readonly Operation[] {
  const choices: readonly (() => Operation)[] = [
    () => op.set(register(), unique()),
    () => op.set(leaf(), unique(), { create: true }),
    () => op.create(leaf(), unique(), { parents: true, ifAbsent: stream.chance(500_000) }),
    () => op.delete(leaf(), { ifExists: stream.chance(700_000) }),
    () => op.increment(counter(), 1, { create: true }),
    () => op.check(register(), stream.pick([-1, 0, 3])),
    () => op.create('/s/n-', unique(), { sequential: true, parents: true }),
  ];
  return Array.from({ length: stream.between(1, 5) }, () => stream.pick(choices)());
}
