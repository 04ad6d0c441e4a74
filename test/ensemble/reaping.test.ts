/** Znodes that end by themselves: containers and TTL znodes go when they should and not before. */
import { describe, expect, test } from 'vitest';
import { openEnsemble, stays, type Ensemble } from './ensemble.ts';

const containerGraceMs = 150;
const ttlMs = 300;
/** Elapsed ensemble time advances in ticks of a few milliseconds. */
const toleranceMs = 20;

const isGone = (ensemble: Ensemble, path: string): boolean =>
  ensemble.peers.every((peer) => peer.tree.stat(path) === undefined);
const isThere = (ensemble: Ensemble, path: string): boolean =>
  ensemble.peers.every((peer) => peer.tree.stat(path) !== undefined);

describe('a container', () => {
  test('goes a while after its last child went, not before, and never without having had one', async () => {
    await using ensemble = await openEnsemble({ size: 3, limits: { containerGraceMs } });
    const session = await ensemble.session('a', { timeoutMs: 7_000 });
    await session.create('/never-used', 0, { kind: 'container' });
    await session.create('/used', 0, { kind: 'container' });
    await session.create('/used/x');
    await session.create('/used/y');
    await session.delete('/used/x');
    await ensemble.agree();
    await stays('a container with a child is there', 2 * containerGraceMs, () => isThere(ensemble, '/used'));
    await session.delete('/used/y');
    await session.create('/used/z');
    await ensemble.agree();
    await stays('a container that was used again is there', 2 * containerGraceMs, () =>
      isThere(ensemble, '/used'),
    );
    const emptiedAt = performance.now();
    await session.delete('/used/z');
    await ensemble.until('the container to go everywhere', () => isGone(ensemble, '/used'));
    expect(performance.now() - emptiedAt).toBeGreaterThan(containerGraceMs - toleranceMs);
    expect(isThere(ensemble, '/never-used')).toBe(true);
    await ensemble.agree();
  });

  test('goes also when its last child was an ephemeral of a session that ended', async () => {
    await using ensemble = await openEnsemble({ size: 3, limits: { containerGraceMs } });
    const session = await ensemble.session('b');
    await session.create('/locks/mine/x', 0, { kind: 'ephemeral', parents: 'container' });
    await session.close();
    await ensemble.until('all containers to go', () => isGone(ensemble, '/locks'));
    await ensemble.agree();
    expect(ensemble.peer('c').tree.children('/')).toEqual([]);
  });
});

describe('a TTL znode', () => {
  test('goes when it is unchanged and childless for its time, not while it is written or has a child', async () => {
    await using ensemble = await openEnsemble({ size: 3 });
    const session = await ensemble.session('c', { timeoutMs: 7_000 });
    await session.create('/idle', 0, { kind: 'ttl', ttlMs });
    await session.create('/written', 0, { kind: 'ttl', ttlMs });
    await session.create('/parent', 0, { kind: 'ttl', ttlMs });
    await session.create('/parent/child');
    await session.create('/long', 0, { kind: 'ttl', ttlMs: 60_000 });
    await ensemble.agree();
    let writing = Promise.resolve<unknown>(undefined);
    await stays('written and parent are there', 2 * ttlMs, () => {
      writing = writing.then(() => session.increment('/written'));
      return isThere(ensemble, '/written') && isThere(ensemble, '/parent');
    });
    await writing;
    expect(isGone(ensemble, '/idle')).toBe(true);
    await session.delete('/parent/child');
    await ensemble.until('all but the long one to go', () =>
      ['/written', '/parent'].every((path) => isGone(ensemble, path)),
    );
    expect(isThere(ensemble, '/long')).toBe(true);
    await ensemble.agree();
  });

  test('is there for the whole of its time', async () => {
    await using ensemble = await openEnsemble({ size: 3 });
    const session = await ensemble.session('a');
    const createdAt = performance.now();
    await session.create('/ttl', 0, { kind: 'ttl', ttlMs });
    await ensemble.agree();
    await ensemble.until('it to go', () =>
      ensemble.peers.some((peer) => peer.tree.stat('/ttl') === undefined),
    );
    expect(performance.now() - createdAt).toBeGreaterThan(ttlMs - toleranceMs);
  });

  test('goes also when the leader that would have seen to it is gone', async () => {
    await using ensemble = await openEnsemble({ size: 3, limits: { containerGraceMs } });
    const leader = await ensemble.leader();
    const other = ensemble.peers.find((peer) => peer !== leader);
    const session = await ensemble.session(other?.id ?? '', { timeoutMs: 7_000 });
    await session.create('/ttl', 0, { kind: 'ttl', ttlMs });
    await session.create('/box', 0, { kind: 'container' });
    await session.create('/box/x');
    await session.delete('/box/x');
    await ensemble.kill(leader.id);
    await ensemble.until('both to go', () => isGone(ensemble, '/ttl') && isGone(ensemble, '/box'));
    await ensemble.agree();
    expect(other?.tree.children('/')).toEqual([]);
  });
});
