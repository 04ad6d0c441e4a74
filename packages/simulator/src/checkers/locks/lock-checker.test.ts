import type { Session } from '@quorate/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { History } from '../../history/history.ts';
import type { LockRecord } from '../../history/resource-record.ts';
import { Recorder } from '../../history/recorder.ts';
import { simulate } from '../../world/simulate.ts';
import type { World } from '../../world/world.ts';
import { CommittedLog } from '../committed-log.ts';
import { grantsOf, type LockGrant } from './grants.ts';
import { checkLocks, countOverlaps, type LockedRun } from './lock-checker.ts';

const members = { a: '', b: '', c: '' };

/** Every peer takes the lock again and again and writes to a fenced resource; peers are paused while they hold it. */
let good: LockedRun;

beforeAll(async () => {
  const history = new History({ nowMs: () => 0 });
  const log = new CommittedLog();
  await simulate({ seed: 3, invariants: [log] }, (world) => contend(world, history));
  good = {
    grants: grantsOf(log.entries, ['/lock']),
    locks: history.locks(),
    accesses: history.accesses(),
    operations: history.operations(),
    watches: history.watches(),
  };
}, 60_000);

describe('the lock checker', () => {
  it('has nothing against a run in which holders were paused beyond their time-outs', () => {
    expect(checkLocks(good)).toEqual({ kind: 'valid' });
    expect(good.grants.length).toBeGreaterThan(20);
    expect(good.locks.length).toBeGreaterThan(20);
    // The token did its work: a holder that had slept was kept out, and two believed to hold the lock.
    expect(good.accesses.some(({ accepted }) => !accepted)).toBe(true);
    expect(countOverlaps(good.locks)).toBeGreaterThan(0);
  });

  const second = 1;

  it.each<[string, string, (grant: LockGrant, before: LockGrant) => Partial<LockGrant>]>([
    [
      'LockGrantsDisjoint',
      'begins before the one before it ended',
      (_grant, before) => ({ fromZxid: before.untilZxid - 1 }),
    ],
    ['FencingMonotone', 'has no greater token', (_grant, before) => ({ token: before.token })],
    ['LockFifo', 'has a lower number', (_grant, before) => ({ sequence: before.sequence - 1 })],
  ])('%s: flags a grant that %s', (rule, _what, change) => {
    const grants = good.grants.map((grant, at) => {
      const before = good.grants[at - 1];
      return at === second && before !== undefined ? { ...grant, ...change(grant, before) } : grant;
    });
    const locks = good.locks.slice(0, 0);
    expect(checkLocks({ ...good, grants, locks, accesses: [] })).toMatchObject({ kind: 'violation', rule });
  });

  it.each<[string, (record: LockRecord) => Partial<LockRecord['acquired']>]>([
    ['was never granted', () => ({ token: 1_000_000 })],
    ['is claimed by somebody else too', () => ({ token: good.locks[0]?.acquired?.token ?? 0 })],
    ['is believed in before its session could know', ({ calledAt }) => ({ at: calledAt })],
    ['is believed in although its session had seen its end', () => ({ at: Infinity })],
  ])('LockHeld: flags a lock that %s', (_what, change) => {
    const at = good.locks.findIndex((record, position) => position > 0 && record.releasedAt < Infinity);
    const locks = good.locks.map((record, position) => {
      const { acquired } = record;
      if (position !== at || acquired === undefined) return record;
      return { ...record, acquired: { ...acquired, ...change(record) } };
    });
    expect(checkLocks({ ...good, locks })).toMatchObject({ kind: 'violation', rule: 'LockHeld' });
  });

  it('FencedAccess: flags a resource that lets a stale token in, keeps a fresh one out, or takes any', () => {
    const flagged = { kind: 'violation', rule: 'FencedAccess' };
    const stale = good.accesses.map((access) => ({ ...access, accepted: true }));
    expect(checkLocks({ ...good, accesses: stale })).toMatchObject(flagged);
    const strict = good.accesses.map((access) => ({ ...access, accepted: false }));
    expect(checkLocks({ ...good, accesses: strict })).toMatchObject(flagged);
    const invented = good.accesses.map((access) => ({ ...access, token: access.token + 0.5 }));
    expect(checkLocks({ ...good, accesses: invented })).toMatchObject(flagged);
  });
});

async function contend(world: World, history: History): Promise<void> {
  const recorder = new Recorder(history);
  const resource = new FencedResource(history);
  for (const id of Object.keys(members)) {
    world.host(id).start(async (ports) => {
      const peer = await ports.openPeer({ id, members });
      for (;;) {
        const opened = await peer.openSession({ timeoutMs: 1_000, deadlineMs: Infinity });
        const session = recorder.record(opened, { client: id, member: id });
        const sleep = (delayMs: number): Promise<void> => ports.sleep(delayMs);
        await lockRepeatedly({ session, client: id, history, resource, sleep }).catch(() => undefined);
      }
    });
  }
  for (const [round, host] of world.hosts.entries()) {
    await world.sleep(2_000);
    host.pause();
    await world.sleep(1_500 + 500 * round);
    host.resume();
  }
  await world.sleep(2_000);
}

interface Contender {
  readonly session: Session;
  readonly client: string;
  readonly history: History;
  readonly resource: FencedResource;
  readonly sleep: (delayMs: number) => Promise<void>;
}

/** The recipe of ZooKeeper, by looking again and again; it does not look at the session's signal. */
async function lockRepeatedly({ session, client, history, resource, sleep }: Contender): Promise<void> {
  await session.create('/lock', null, { ifAbsent: true });
  for (;;) {
    const calledAt = history.mark();
    const { path, stat } = await session.create('/lock/c-', client, { kind: 'ephemeral', sequential: true });
    while ((await session.children('/lock', { limit: 1 }))[0] !== path.slice('/lock/'.length))
      await sleep(20);
    const acquired = { at: history.mark(), token: stat.czxid, znode: path };
    const about = { kind: 'lock', lock: '/lock', client, session: session.id } as const;
    const record = { ...about, calledAt, acquired, releasedAt: Infinity };
    history.addLock(record);
    for (let use = 0; use < 3; use += 1) {
      await sleep(30);
      resource.access(client, stat.czxid);
    }
    record.releasedAt = history.mark();
    await session.delete(path);
  }
}

/** What a lock guards: it asks for the token. */
class FencedResource {
  readonly #history: History;
  #highest = 0;

  constructor(history: History) {
    this.#history = history;
  }

  access(client: string, token: number): void {
    const accepted = token >= this.#highest;
    if (accepted) this.#highest = token;
    this.#history.addAccess({
      kind: 'access',
      lock: '/lock',
      client,
      token,
      at: this.#history.mark(),
      accepted,
    });
  }
}
