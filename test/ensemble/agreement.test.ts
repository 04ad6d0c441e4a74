/** An undisturbed ensemble of each size: everybody may write, and all replicas come to the same state. */
import { op } from '@quorate/core';
import { describe, expect, test } from 'vitest';
import { openEnsemble } from './ensemble.ts';

describe.each([1, 3, 5, 7] as const)('an ensemble of %i', (size) => {
  test('takes writes at every peer and ends with one state everywhere', async () => {
    await using ensemble = await openEnsemble({ size });
    const sessions = await Promise.all(ensemble.ids.map((id) => ensemble.session(id)));
    const [first] = sessions;
    await first?.multi([op.create('/counter', 0), op.create('/all')]);
    await Promise.all(sessions.map((session) => session.sync()));

    await Promise.all(
      sessions.flatMap((session, at) => [
        session.create(`/all/${ensemble.ids[at]}`, { at, text: 'ä', bytes: new Uint8Array([at]) }),
        session.increment('/counter'),
        session.create('/all/queue-', at, { sequential: true }),
        session.multi([op.increment('/counter', 2), op.set(`/all/${ensemble.ids[at]}`, [at])]),
      ]),
    );

    await ensemble.agree();
    for (const peer of ensemble.peers) {
      expect(peer.tree.get('/counter')?.value).toBe(3 * size);
      expect(peer.tree.children('/all')).toHaveLength(2 * size);
      expect(peer.tree.get('/all/a')?.value).toEqual([0]);
      expect(peer.sessions().map(({ id }) => id)).toEqual(sessions.map(({ id }) => id).sort());
    }
  });
});

test('every peer of an ensemble knows the same identity, leader and members', async () => {
  await using ensemble = await openEnsemble({ size: 5 });
  await Promise.all(ensemble.peers.map((peer) => peer.ready()));
  const facts = ensemble.peers.map((peer) => {
    const { identity, members, leader, term } = peer.status();
    return JSON.stringify({ identity, leader, term, members: members.map(({ id, kind }) => [id, kind]) });
  });
  expect(new Set(facts).size).toBe(1);
  expect(ensemble.peer('a').status().identity).toMatch(/.+/);
});
