import { describe, expect, test } from 'vitest';
import type { Peer } from '@quorate/core';
import { allInvariants } from '../invariants/all.ts';
import type { LinkConditions } from './link.ts';
import { simulate, type SimulateOptions } from './simulate.ts';
import type { World } from './world.ts';

const members = { a: '', b: '', c: '' };
const ids = Object.keys(members);

/** Runs a story on an ensemble of three; `peers` holds those that run now. */
async function withEnsemble<T>(
  story: (world: World, peers: Map<string, Peer>) => Promise<T>,
  options: Partial<SimulateOptions> & { readonly link?: Partial<LinkConditions> } = {},
): Promise<Awaited<ReturnType<typeof simulate<T>>>> {
  const { link = {}, ...others } = options;
  return await simulate({ seed: 9, invariants: allInvariants, ...others }, async (world) => {
    const peers = new Map<string, Peer>();
    world.network.setConditions(link);
    for (const id of ids) {
      world.host(id).start(async (ports) => {
        peers.set(id, await ports.openPeer({ id, members }));
      });
    }
    return await story(world, peers);
  });
}

const leaderOf = (peers: ReadonlyMap<string, Peer>): Peer | undefined =>
  [...peers.values()].find(({ role }) => role === 'leader');

describe('an ensemble in a world', () => {
  test('elects a leader', async () => {
    const { result } = await withEnsemble(async (world, peers) => {
      await world.sleep(2_000);
      return [...peers.values()].map(({ leader }) => leader);
    });
    expect(new Set(result).size).toBe(1);
    expect(result[0]).toBeDefined();
  });

  test('takes in no frame that was damaged: with all of them damaged it never elects', async () => {
    const { result, faults } = await withEnsemble(
      async (world, peers) => {
        await world.sleep(5_000);
        return leaderOf(peers);
      },
      { link: { corruptPpm: 1_000_000 } },
    );
    expect(result).toBeUndefined();
    expect(faults.corrupt).toBeGreaterThan(100);
  });

  test('refuses damaged frames aloud, and works on with the others', async () => {
    const refusals: string[] = [];
    const { result } = await withEnsemble(
      async (world, peers) => {
        await world.sleep(10_000);
        return leaderOf(peers) !== undefined;
      },
      {
        link: { corruptPpm: 100_000 },
        onTrace: ({ kind, text }) => {
          if (kind === 'log' && text.includes('a frame was refused')) refusals.push(text);
        },
      },
    );
    expect(result).toBe(true);
    expect(refusals.length).toBeGreaterThan(50);
  });

  test('changes its leader when the old one is cut off, and answers writes again', async () => {
    const { result } = await withEnsemble(async (world, peers) => {
      await world.sleep(2_000);
      const before = leaderOf(peers)?.id ?? '';
      const others = ids.filter((id) => id !== before);
      const session = await peers.get(others[0] ?? '')?.openSession();
      world.network.partition([[before], others]);
      await session?.create('/after', 1);
      return { before, after: peers.get(others[0] ?? '')?.leader };
    });
    expect(result.after).toBeDefined();
    expect(result.after).not.toBe(result.before);
  });

  test('keeps what was acknowledged when the power of all machines is lost', async () => {
    const { result } = await withEnsemble(async (world, peers) => {
      await world.sleep(2_000);
      const session = await peers.get('a')?.openSession();
      await session?.create('/kept', 'here');
      for (const id of ids) world.host(id).crash();
      for (const id of ids) world.host(id).restart();
      await world.sleep(5_000);
      return ids.map((id) => peers.get(id)?.tree.get('/kept')?.value);
    });
    expect(result).toEqual(['here', 'here', 'here']);
  });

  test('admits a member that was wiped, and gives it everything again', async () => {
    const { result } = await withEnsemble(async (world, peers) => {
      await world.sleep(2_000);
      const session = await peers.get('a')?.openSession();
      await session?.create('/kept', 'here');
      world.host('c').crash({ wipe: true });
      world.host('c').restart();
      await world.sleep(5_000);
      return [peers.get('c')?.status().isAdmitted, peers.get('c')?.tree.get('/kept')?.value];
    });
    expect(result).toEqual([true, 'here']);
  });

  test('elects nobody anew after a stall below half of the time-out', async () => {
    const { result } = await withEnsemble(async (world, peers) => {
      await world.sleep(2_000);
      const before = leaderOf(peers)?.term;
      for (let round = 0; round < 20; round += 1) {
        for (const id of ids) world.host(id).stall(120);
        await world.sleep(1_000);
      }
      return [before, leaderOf(peers)?.term];
    });
    expect(result[1]).toBe(result[0]);
  });

  test('is not disturbed by listeners that throw: the run is the same', async () => {
    const run = async (isThrowing: boolean): Promise<string> => {
      const { traceHash } = await withEnsemble(async (world, peers) => {
        await world.sleep(500);
        for (const peer of peers.values()) {
          peer.on('leader', () => {
            if (isThrowing) throw new TypeError('of the application');
          });
        }
        await world.sleep(4_000);
        world.host(leaderOf(peers)?.id ?? '').crash();
        await world.sleep(4_000);
      });
      return traceHash;
    };
    expect(await run(true)).toBe(await run(false));
  });
});
