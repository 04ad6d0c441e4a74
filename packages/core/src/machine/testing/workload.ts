/**
 * Random entries for a machine, as arbitraries that shrink: a step says what is asked in terms of what will be
 * there when it runs (the third session, the znode's present mzxid), and is made into bytes then.
 */
import { fc } from '@fast-check/vitest';
import type { Op, SingleOp, SystemOp } from '../../codec/op.ts';
import type { Value } from '../../codec/value.ts';
import { defaultEnsembleLimits, type EnsembleLimits } from '../../limits.ts';
import { create, type Driver, remove, secretHash, set, value } from './driver.ts';

/** Small enough that random workloads reach every one of them. */
export const smallLimits: EnsembleLimits = {
  ...defaultEnsembleLimits,
  valueBytesMax: 40,
  multiOperationsMax: 4,
  multiBytesMax: 120,
  recursiveDeleteMax: 4,
  ephemeralsPerSessionMax: 3,
  sessionsMax: 3,
  repliesPerSessionMax: 6,
  historyChangesMax: 12,
  historyBytesMax: 120,
  containerGraceMs: 500,
};

export type Step =
  | {
      readonly kind: 'session';
      readonly slot: number;
      /** Beside the next request: below 0 repeats, above 0 leaves a gap. */
      readonly offset: number;
      readonly acknowledge: number;
      readonly staleHolder: boolean;
      readonly ops: readonly AskedOp[];
    }
  | { readonly kind: 'system'; readonly op: (driver: Driver) => SystemOp }
  | { readonly kind: 'time'; readonly wallMs: number; readonly elapsedMs: number }
  /** Flips one byte of a batch that would have made sense, or is nothing but random bytes. */
  | {
      readonly kind: 'noise';
      readonly bytes: Uint8Array;
      readonly flipAt: number;
      readonly ops: readonly AskedOp[];
    };

type AskedOp = (driver: Driver) => Op;
type AskedSingle = (driver: Driver) => SingleOp;

const names = ['a', 'a', 'a', 'b', 'b', 'b', 'é', '\uf900'] as const;
const goodPath: fc.Arbitrary<string> = fc
  .array(fc.constantFrom(...names), { minLength: 1, maxLength: 3 })
  .map((segments) => `/${segments.slice(0, segments.at(-1) === 'b' ? 1 : 3).join('/')}`);
const path: fc.Arbitrary<string> = fc.oneof(
  { weight: 40, arbitrary: goodPath },
  { weight: 1, arbitrary: fc.constantFrom('/', '', 'a', '/a/', '//', '/a/../b', '/\u0001') },
);
const anyValue: fc.Arbitrary<Value> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom<Value>(1, 2, { k: 1 }) },
  fc.constantFrom<Value>(null, true, 0, 7, 9_007_199_254_740_991, 2n ** 63n - 1n, 5n, 'text', -1.5),
  fc.constantFrom<Value>({ k: 1 }, { k: 2, l: [1, 2] }, [], { k: 3, m: null }, 'y', 'z', 'x'.repeat(60)),
  fc.uint8Array({ maxLength: 6 }),
);
const version = fc.constantFrom(-1, -1, -1, -1, 0, 1, 2);

const single: fc.Arbitrary<AskedSingle> = fc.oneof(
  fc.record({ path, version }).map(
    ({ path: at, version: v }): AskedSingle =>
      () => ({ kind: 'check', path: at, version: v }),
  ),
  {
    weight: 4,
    arbitrary: fc
      .record({
        path: fc.oneof(
          path,
          goodPath.map((at) => `${at}/`),
        ),
        of: anyValue,
        createKind: fc.constantFrom('persistent', 'persistent', 'ephemeral', 'container', 'ttl'),
        sequential: fc.boolean(),
        ttlMs: fc.constantFrom(300, 900, 0),
        parents: fc.constantFrom('none', 'persistent', 'container'),
        ifAbsent: fc.boolean(),
      })
      .map(({ path: at, of, ttlMs, ...options }): AskedSingle => {
        const isTtl = options.createKind === 'ttl';
        return () => create(at, of, { ...options, ttlMs: isTtl ? ttlMs : 0 });
      }),
  },
  fc.record({ path, of: anyValue, version, create: fc.boolean() }).map(
    ({ path: at, of, ...options }): AskedSingle =>
      () =>
        set(at, of, options),
  ),
  fc.record({ path, version, recursive: fc.boolean(), ifExists: fc.boolean() }).map(
    ({ path: at, ...options }): AskedSingle =>
      () =>
        remove(at, options),
  ),
  fc.record({ path, expected: anyValue, of: anyValue, current: fc.boolean() }).map(
    ({ path: at, expected, of, current }): AskedSingle =>
      (driver) => {
        const record = current ? driver.machine.tree.get(at) : undefined;
        return { kind: 'compare', path: at, expected: record ?? value(expected), value: value(of) };
      },
  ),
  fc
    .record({
      path,
      by: fc.constantFrom<number | bigint>(1, -3, 0, 9_007_199_254_740_991, 1n, -(2n ** 63n)),
      create: fc.boolean(),
    })
    .map(
      ({ path: at, ...options }): AskedSingle =>
        () => ({ kind: 'increment', path: at, ...options }),
    ),
  fc
    .record({
      path,
      current: fc.boolean(),
      patches: fc.constantFrom<Value>(
        [['replace', [], { k: 9 }]],
        [
          ['add', ['n'], 1],
          ['remove', ['k']],
        ],
        [['replace', ['k'], 'new']],
        [],
      ),
    })
    .map(
      ({ path: at, current, patches }): AskedSingle =>
        (driver) => {
          const mzxid = current ? (driver.machine.tree.get(at)?.mzxid ?? 0) : 1;
          return { kind: 'patch', path: at, mzxid, patches: value(patches) };
        },
    ),
);

const anyOp: fc.Arbitrary<AskedOp> = fc.oneof(
  { weight: 60, arbitrary: single },
  {
    weight: 16,
    arbitrary: fc.array(single, { maxLength: 5 }).map(
      (asked): AskedOp =>
        (driver) => ({ kind: 'multi', ops: asked.map((of) => of(driver)), byteCount: 0 }),
    ),
  },
  { weight: 2, arbitrary: fc.constant<AskedOp>(() => ({ kind: 'noop' })) },
  { weight: 1, arbitrary: fc.constant<AskedOp>(() => ({ kind: 'close' })) },
);

const unknownSlot = 3;
const slot = fc.constantFrom(0, 0, 0, 0, 1, 1, 1, 2, 2, unknownSlot);
const someOps = fc.array(anyOp, { minLength: 1, maxLength: 5 });

const systemOp: fc.Arbitrary<(driver: Driver) => SystemOp> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .record({ secret: fc.nat(4), timeoutMs: fc.constantFrom(5_000, 1, 1e9, 1_234.5, Infinity, 0) })
      .map(
        ({ secret, timeoutMs }) =>
          (): SystemOp => ({ kind: 'open-session', secretHash: secretHash(secret), timeoutMs }),
      ),
  },
  fc
    .record({ slot, secret: fc.nat(4), stale: fc.constantFrom(0, 0, 0, 1) })
    .map(({ slot: at, secret, stale }) => (driver: Driver): SystemOp => {
      const sessionId = sessionAt(driver, at);
      const heldBy = (driver.machine.session(sessionId)?.holder ?? 1) - stale;
      return { kind: 'resume-session', sessionId, secretHash: secretHash(secret), heldBy };
    }),
  fc.record({ slot, late: fc.nat(1) }).map(({ slot: at, late }) => (driver: Driver): SystemOp => {
    const sessionId = sessionAt(driver, at);
    const lastRequest = Math.max(0, (driver.machine.lastRequestOf(sessionId) ?? 0) - late);
    return { kind: 'expire-session', sessionId, lastRequest };
  }),
  fc.record({ slot }).map(
    ({ slot: at }) =>
      (driver: Driver): SystemOp => ({ kind: 'end-session', sessionId: sessionAt(driver, at) }),
  ),
  fc.record({ path, current: fc.boolean() }).map(
    ({ path: at, current }) =>
      (driver: Driver): SystemOp => ({
        kind: 'reap-container',
        path: at,
        pzxid: current ? (driver.machine.tree.get(at)?.pzxid ?? 0) : 1,
      }),
  ),
  fc.record({ path, current: fc.boolean() }).map(
    ({ path: at, current }) =>
      (driver: Driver): SystemOp => ({
        kind: 'reap-ttl',
        path: at,
        mzxid: current ? (driver.machine.tree.get(at)?.mzxid ?? 0) : 1,
      }),
  ),
  fc
    .constantFrom(smallLimits, { ...smallLimits, repliesPerSessionMax: 0 })
    .map((limits) => (): SystemOp => ({ kind: 'configure', limits })),
);

export const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 16,
    arbitrary: fc.record({
      kind: fc.constant('session' as const),
      slot,
      offset: fc.constantFrom(0, 0, 0, 0, 0, 0, -1, -2, -3, 1),
      acknowledge: fc.constantFrom(0, 0, 1, 2, 9),
      staleHolder: fc.nat(15).map((of) => of === 15),
      ops: someOps,
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('system' as const), op: systemOp }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('time' as const),
      wallMs: fc.integer({ min: -500, max: 500 }),
      elapsedMs: fc.integer({ min: -100, max: 500 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('noise' as const),
      bytes: fc.uint8Array({ maxLength: 80 }),
      flipAt: fc.nat(400),
      ops: someOps,
    }),
  },
);

/** The bytes of a step, as of now; undefined for one that only moves time. */
export function stepBytes(driver: Driver, step: Step): Uint8Array | undefined {
  switch (step.kind) {
    case 'time':
      driver.wallMs += step.wallMs;
      driver.elapsedMs = Math.max(0, driver.elapsedMs + step.elapsedMs);
      return undefined;
    case 'system':
      return driver.systemBatch(step.op(driver));
    case 'session': {
      const id = sessionAt(driver, step.slot);
      const view = driver.machine.session(id);
      const lastRequest = view?.lastRequest ?? 0;
      return driver.batch(
        id,
        step.ops.map((op) => op(driver)),
        {
          holder: (view?.holder ?? 1) - (step.staleHolder ? 1 : 0),
          firstRequest: Math.max(0, lastRequest + 1 + step.offset),
          acknowledgedThrough: Math.max(0, lastRequest - 2 + step.acknowledge),
        },
      );
    }
    case 'noise': {
      if (step.flipAt % 2 === 0) return step.bytes;
      const batch = driver.batch(
        sessionAt(driver, 0),
        step.ops.map((op) => op(driver)),
      );
      const at = step.flipAt % batch.length;
      batch[at] = (batch[at] ?? 0) ^ 0x41;
      return batch;
    }
  }
}

/** The session at this place, counted round and round; an id that nobody has for the last place. */
function sessionAt(driver: Driver, at: number): number {
  const sessions = driver.machine.sessions();
  return at === unknownSlot ? 999_999 : (sessions[at % Math.max(1, sessions.length)]?.sessionId ?? 1);
}

/** Long enough that limits are reached and sessions come and go. */
export const workload: fc.Arbitrary<Step[]> = fc.array(anyStep, { minLength: 1, maxLength: 60, size: 'max' });
