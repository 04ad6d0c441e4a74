/** Much at once: what the sessions of a peer write in one turn of the event loop may be more than a frame. */
import { op, type Limits } from '@quorate/core';
import { describe, expect, test } from 'vitest';
import { failureOf, followersOf, guardTheHost, leaderOf, open, openThree, patienceMs } from './setup.ts';

guardTheHost();

const limits: Partial<Limits> = {
  frameBytesMax: 100_000,
  valueBytesMax: 10_000,
  multiBytesMax: 20_000,
  batchBytesMax: 20_000,
  appendBytesMax: 40_000,
};

describe.each(['leader', 'follower'])('at the %s', (role) => {
  test('more than a frame in one turn is written all the same, by many sessions or by one', async () => {
    const { peers } = await openThree({ of: () => ({ limits }) });
    const peer = role === 'leader' ? await leaderOf(peers) : (await followersOf(peers))[0];
    if (peer === undefined) throw new RangeError('a follower');
    const openings = Array.from({ length: 20 }, () => peer.openSession({ timeoutMs: 60_000 }));
    const sessions = await Promise.all(openings);
    const options = { create: true, deadlineMs: patienceMs };
    const value = new Uint8Array(9_000);
    await Promise.all(sessions.map((session, at) => session.set(`/many-${at}`, value, options)));
    const one = await peer.openSession({ timeoutMs: 60_000 });
    await Promise.all(sessions.map((_, at) => one.set(`/one-${at}`, value, options)));
    expect(peer.tree.children('/')).toHaveLength(40);
  });

  test('a multi that fits no frame is refused before it is sent', async () => {
    const { peers } = await openThree({ of: () => ({ limits }) });
    const peer = role === 'leader' ? await leaderOf(peers) : (await followersOf(peers))[0];
    if (peer === undefined) throw new RangeError('a follower');
    const session = await peer.openSession();
    const value = new Uint8Array(9_000);
    const failure = await failureOf(() =>
      session.multi(Array.from({ length: 6 }, (_, at) => op.create(`/${at}`, value))),
    );
    expect(failure).toMatchObject({
      code: 'LIMIT_EXCEEDED',
      outcome: 'not-applied',
      details: { limit: 'frameBytesMax', limitValue: 100_000 },
    });
    await session.create('/after');
  });
});

test.each([
  ['valueBytesMax', 60_000],
  ['multiBytesMax', 60_000],
  ['batchBytesMax', 60_000],
  ['appendBytesMax', 70_000],
  ['snapshotChunkBytes', 70_000],
] as const)('a %s that does not fit a frame is refused at the start', async (name, value) => {
  const failure = await failureOf(() => open({ limits: { ...limits, [name]: value } }));
  expect(failure).toMatchObject({ code: 'BAD_ARGUMENTS', outcome: 'not-applied' });
  expect(failure.details.argument).toMatch(/^limits\./u);
});
