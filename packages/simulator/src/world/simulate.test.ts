import type { Peer } from '@quorate/core';
import { describe, expect, test } from 'vitest';
import { simulate } from './simulate.ts';
import type { World } from './world.ts';

const members = { a: '', b: '', c: '' };

/** Three peers, each with a session that counts up at one znode; answers how often that was confirmed. */
async function countTogether(world: World): Promise<number> {
  let confirmed = 0;
  for (const id of Object.keys(members)) {
    world.host(id).start(async (ports) => {
      const peer = await ports.openPeer({ id, members });
      const session = await peer.openSession();
      await session.create('/count', 0, { ifAbsent: true });
      for (;;) {
        await session.increment('/count', 1);
        confirmed += 1;
        await ports.sleep(100);
      }
    });
  }
  await world.sleep(5_000);
  return confirmed;
}

describe('a run', () => {
  test('is the same run for the same seed', async () => {
    const first = await simulate({ seed: 7 }, countTogether);
    const second = await simulate({ seed: 7 }, countTogether);
    expect(second).toEqual(first);
    expect(first.result).toBeGreaterThan(100);
  });

  test('is the same run while others run beside it', async () => {
    const alone = await simulate({ seed: 7 }, countTogether);
    const [beside] = await Promise.all([
      simulate({ seed: 7 }, countTogether),
      simulate({ seed: 8 }, countTogether),
    ]);
    expect(beside).toEqual(alone);
  });

  test('is the same run whether its trace is read or not', async () => {
    const lines: string[] = [];
    const unread = await simulate({ seed: 7 }, countTogether);
    const read = await simulate({ seed: 7, onTrace: ({ text }) => lines.push(text) }, countTogether);
    expect(read).toEqual(unread);
    expect(lines.some((line) => line.includes('append term='))).toBe(true);
  });

  test('is another run for another seed', async () => {
    const first = await simulate({ seed: 7 }, countTogether);
    const second = await simulate({ seed: 8 }, countTogether);
    expect(second.traceHash).not.toBe(first.traceHash);
  });

  test('takes no real time for virtual time', async () => {
    const { durationMs } = await simulate({ seed: 1 }, (world) => world.sleep(3_000_000));
    expect(durationMs).toBe(3_000_000);
  });

  test.each([-1, 1.5, 2n ** 64n, Number.NaN])('refuses the seed %s', async (seed) => {
    const running = simulate({ seed }, (world) => world.sleep(1));
    await expect(running).rejects.toMatchObject({ code: 'BAD_ARGUMENTS' });
  });
});

describe('a run that does not come to its end', () => {
  test('is told when nothing is left to happen', async () => {
    const running = simulate({ seed: 1 }, () => new Promise<void>(() => undefined));
    await expect(running).rejects.toThrow(/nothing is left to happen/);
  });

  test('is told after its virtual time', async () => {
    const forever = async (world: World): Promise<void> => {
      for (;;) await world.sleep(1_000);
    };
    await expect(simulate({ seed: 1, durationMsMax: 60_000 }, forever)).rejects.toThrow(/60000 virtual ms/);
  });

  test('is told when time stands still', async () => {
    const still = async (world: World): Promise<void> => {
      for (;;) await world.sleep(0);
    };
    await expect(simulate({ seed: 1 }, still)).rejects.toThrow(/time stands still/);
  });

  test('fails with what its function throws', async () => {
    const running = simulate({ seed: 1 }, async (world) => {
      await world.sleep(10);
      throw new TypeError('mine');
    });
    await expect(running).rejects.toThrow('mine');
  });

  test('fails with what a process throws, unless somebody asked to be told', async () => {
    const main = (): void => {
      throw new TypeError('of the process');
    };
    const unheard = simulate({ seed: 1 }, async (world) => {
      world.host('a').start(main);
      await world.sleep(10);
    });
    await expect(unheard).rejects.toThrow('of the process');
    const heard = await simulate({ seed: 1 }, async (world) => {
      let told: unknown;
      world.host('a').start(main, { exited: (error) => (told = error) });
      await world.sleep(10);
      return { told, isRunning: world.host('a').isRunning };
    });
    expect(heard.result).toEqual({ told: new TypeError('of the process'), isRunning: false });
  });
});

describe('an invariant', () => {
  const watched = (broken: 'stepped' | 'swept' | 'ended') => ({
    name: 'Never',
    statement: 'This never happens.',
    source: 'this test',
    watch: () => ({
      [broken]: () => {
        throw new TypeError(`${broken} was told`);
      },
    }),
  });

  test.each(['stepped', 'swept', 'ended'] as const)('that breaks in %s fails the run', async (broken) => {
    const running = simulate({ seed: 7, invariants: [watched(broken)] }, countTogether);
    await expect(running).rejects.toThrow(`${broken} was told`);
  });

  test('sees the peers that run, and how the ensemble was founded', async () => {
    const { result } = await simulate({ seed: 7 }, async (world) => {
      const peers: Peer[] = [];
      for (const id of ['c', 'a', 'b']) {
        world.host(id).start(async (ports) => {
          peers.push(await ports.openPeer({ id, members }));
        });
      }
      await world.sleep(1_000);
      world.host('b').crash();
      await peers.find(({ id }) => id === 'c')?.close();
      return { members: world.view.members, running: world.view.peers.map(({ member }) => member) };
    });
    expect(result).toEqual({ members: ['a', 'b', 'c'], running: ['a'] });
  });

  test('hears once of each life that ended, and of a wipe of its disk later', async () => {
    const heard: string[] = [];
    const listening = {
      name: 'Listening',
      statement: 'Nothing is claimed.',
      source: 'this test',
      watch: () => ({
        crashed: ({ life }: { life: number }, _: unknown, { isWiped }: { isWiped: boolean }) => {
          heard.push(isWiped ? `${life} wiped` : `${life}`);
        },
      }),
    };
    await simulate({ seed: 7, invariants: [listening] }, async (world) => {
      const host = world.host('a');
      host.start(async (ports) => void (await ports.openPeer({ id: 'a' })));
      await world.sleep(1_000);
      host.restart();
      await world.sleep(1_000);
      host.crash();
      host.wipe();
      host.restart();
      await world.sleep(1_000);
      host.crash({ wipe: true });
      host.wipe();
    });
    expect(heard).toEqual(['1', '2', '2 wiped', '3 wiped']);
  });
});
