/**
 * Sessions without a replica (`connect`): the same Session, served by any peer, which moves when that peer is lost
 * (semantics.md, Sessions).
 */
import type { Peer } from '@quorate/core';
import { expect, test } from 'vitest';
import { openEnsemble, type Ensemble } from './ensemble.ts';
import { collect } from './watching.ts';

async function serving(ensemble: Ensemble): Promise<Peer> {
  return await ensemble.until('a peer that serves', () =>
    ensemble.peers.find((peer) => peer.status().queues.servedSessions === 1),
  );
}

test('a session without a replica writes, reads, updates, watches and closes', async () => {
  await using ensemble = await openEnsemble({ size: 3 });
  const session = await ensemble.connect('x');
  await session.create('/x', { n: 1 });
  await session.create('/e', 0, { kind: 'ephemeral' });
  const watch = collect(session.watch<{ n: number }>('/x'));
  await watch.batches(1);
  await session.update<{ n: number }>('/x', (draft) => {
    draft.n += 1;
  });
  const [, changed] = await watch.batches(2);
  expect(changed?.events).toMatchObject([{ kind: 'changed', value: { n: 2 }, previous: { n: 1 } }]);
  expect(await session.getMany(['/x', '/none'])).toMatchObject([{ value: { n: 2 } }, undefined]);
  expect(await session.ephemerals()).toEqual(['/e']);
  expect(await session.list('/')).toMatchObject([{ name: 'e' }, { name: 'x' }]);
  await session.close();
  await ensemble.agree();
  expect(ensemble.peer('a').tree.stat('/e')).toBeUndefined();
  expect(ensemble.peer('a').status().queues.servedSessions).toBe(0);
});

test('a session whose peers die one after the other keeps its ephemerals, its order and its watch', async () => {
  await using ensemble = await openEnsemble({ size: 3 });
  const session = await ensemble.connect('x');
  await session.create('/counter', 0);
  await session.create('/e', 0, { kind: 'ephemeral' });
  const watch = collect(session.watch<number>('/counter'));
  await watch.batches(1);
  const results: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    const calls = Array.from({ length: 50 }, () => session.increment('/counter'));
    const peer = await serving(ensemble);
    await ensemble.restart(peer.id);
    results.push(...(await Promise.all(calls)));
    await ensemble.leader();
  }
  const expected = Array.from({ length: 150 }, (_, at) => at + 1);
  expect(results).toEqual(expected);
  const batches = await watch.batches(151);
  expect(batches.flatMap(({ events }) => events.map(({ value }) => value))).toEqual([0, ...expected]);
  expect(await session.ephemerals()).toEqual(['/e']);
  await session.close();
});
