import { describe, expect, test } from 'vitest';
import type { Transport } from '@quorate/core/ports';
import type { LinkConditions } from './link.ts';
import { simulate } from './simulate.ts';
import { silentLogger } from './testing/silent-logger.ts';
import type { World } from './world.ts';

/** Everything that a member's transport told, in order, and a way to send. */
interface Member {
  readonly heard: string[];
  readonly transport: Transport;
}

/** A host whose process only listens; the answer is filled when it runs. */
function listen(world: World, name: string): Member {
  const heard: string[] = [];
  let running: Transport | undefined;
  world.host(name).start(async ({ transport }) => {
    running = transport;
    const members = { a: '', b: '', c: '' };
    const owner = { member: name, ensemble: 'e', incarnation: 1, members, frameBytesMax: 1_000_000 };
    await transport.start(
      { ...owner, logger: silentLogger },
      {
        frame: (from, bytes) => heard.push(`${from}: ${[...bytes].join(' ')}`),
        connected: (member) => heard.push(`+${member}`),
        disconnected: (member) => heard.push(`-${member}`),
      },
    );
  });
  return {
    heard,
    get transport() {
      if (running === undefined) throw new TypeError('not running yet');
      return running;
    },
  };
}

/** Numbers 0 to count - 1 from a to b over a network of these conditions: what b heard of them. */
async function sendThrough(conditions: Partial<LinkConditions>, count = 200): Promise<readonly string[]> {
  const { result } = await simulate({ seed: 3 }, async (world) => {
    const a = listen(world, 'a');
    const b = listen(world, 'b');
    await world.sleep(1_000);
    world.network.setConditions(conditions);
    for (let number = 0; number < count; number += 1) a.transport.send('b', Uint8Array.of(number));
    await world.sleep(60_000);
    return b.heard.filter((line) => line.startsWith('a: '));
  });
  return result;
}

const inOrder = (count: number): readonly string[] => Array.from({ length: count }, (_, at) => `a: ${at}`);

describe('a link', () => {
  test('carries frames in order and once', async () => {
    expect(await sendThrough({})).toEqual(inOrder(200));
  });

  test('loses some frames', async () => {
    const heard = await sendThrough({ lossPpm: 200_000 });
    expect(heard.length).toBeGreaterThan(100);
    expect(heard.length).toBeLessThan(200);
    expect(inOrder(200).filter((line) => heard.includes(line))).toEqual(heard);
  });

  test('loses all frames at a million of a million', async () => {
    expect(await sendThrough({ lossPpm: 1_000_000 })).toEqual([]);
  });

  test('doubles some frames', async () => {
    const heard = await sendThrough({ duplicatePpm: 200_000 });
    expect(heard.length).toBeGreaterThan(200);
    expect([...new Set(heard)]).toEqual(inOrder(200));
  });

  test('lets some frames overtake others', async () => {
    const heard = await sendThrough({ reorderPpm: 200_000 });
    expect(heard).not.toEqual(inOrder(200));
    expect(heard.toSorted()).toEqual(inOrder(200).toSorted());
  });

  test('damages some frames', async () => {
    const heard = await sendThrough({ corruptPpm: 200_000 });
    const damaged = heard.filter((line, at) => line !== `a: ${at}`);
    expect(heard).toHaveLength(200);
    expect(damaged.length).toBeGreaterThan(20);
    expect(damaged.length).toBeLessThan(60);
  });

  test('brings some frames once more, long after', async () => {
    const heard = await sendThrough({ replayPpm: 200_000 });
    expect(heard.slice(0, 200)).toEqual(inOrder(200));
    expect(heard.length).toBeGreaterThan(220);
  });

  test('takes no more frames than it has room for', async () => {
    expect(await sendThrough({ queueFramesMax: 5 })).toEqual(inOrder(5));
    expect(await sendThrough({ queueBytesMax: 5 })).toEqual(inOrder(5));
  });

  test('does not shift other draws when one kind of fault is switched off', async () => {
    const both = await sendThrough({ lossPpm: 100_000, duplicatePpm: 100_000 });
    const lossOnly = await sendThrough({ lossPpm: 100_000 });
    expect([...new Set(both)]).toEqual(lossOnly);
  });

  test('keeps frames while it is clogged', async () => {
    const { result } = await simulate({ seed: 3 }, async (world) => {
      const a = listen(world, 'a');
      const b = listen(world, 'b');
      await world.sleep(1_000);
      const open = world.network.clog('a', 'b');
      a.transport.send('b', Uint8Array.of(1));
      b.transport.send('a', Uint8Array.of(2));
      await world.sleep(10_000);
      const during = { a: [...a.heard], b: [...b.heard] };
      open();
      await world.sleep(1);
      return { during, after: b.heard };
    });
    expect(result).toEqual({ during: { a: ['+b', 'b: 2'], b: ['+a'] }, after: ['+a', 'a: 1'] });
  });

  test('copies what it carries: the memories of two hosts are two memories', async () => {
    const { result } = await simulate({ seed: 3 }, async (world) => {
      const a = listen(world, 'a');
      const b = listen(world, 'b');
      await world.sleep(1_000);
      const bytes = Uint8Array.of(1);
      a.transport.send('b', bytes);
      bytes[0] = 2;
      await world.sleep(1_000);
      return b.heard;
    });
    expect(result).toEqual(['+a', 'a: 1']);
  });
});

describe('a cut', () => {
  test('that is silent loses frames, and is told after a time of silence', async () => {
    const { result } = await simulate({ seed: 3 }, async (world) => {
      const a = listen(world, 'a');
      const b = listen(world, 'b');
      await world.sleep(1_000);
      const heal = world.network.cut('a', 'b');
      a.transport.send('b', Uint8Array.of(1));
      await world.sleep(1);
      const during = [...b.heard];
      await world.sleep(6_000);
      const later = [...b.heard];
      heal();
      await world.sleep(1_000);
      a.transport.send('b', Uint8Array.of(2));
      await world.sleep(1_000);
      return { during, later, after: b.heard, a: a.heard };
    });
    expect(result.during).toEqual(['+a']);
    expect(result.later).toEqual(['+a', '-a']);
    expect(result.after).toEqual(['+a', '-a', '+a', 'a: 2']);
    expect(result.a).toEqual(['+b', '-b', '+b']);
  });

  test('that is short is noticed by nobody', async () => {
    const { result } = await simulate({ seed: 3 }, async (world) => {
      const a = listen(world, 'a');
      const b = listen(world, 'b');
      await world.sleep(1_000);
      const heal = world.network.cut('a', 'b');
      await world.sleep(1);
      heal();
      await world.sleep(20_000);
      return [a.heard, b.heard];
    });
    expect(result).toEqual([['+b'], ['+a']]);
  });

  test('that is one-way lets the other way through', async () => {
    const { result } = await simulate({ seed: 3 }, async (world) => {
      const a = listen(world, 'a');
      const b = listen(world, 'b');
      await world.sleep(1_000);
      world.network.cut('a', 'b', { oneWay: true });
      a.transport.send('b', Uint8Array.of(1));
      b.transport.send('a', Uint8Array.of(2));
      await world.sleep(2);
      return [a.heard, b.heard];
    });
    expect(result).toEqual([['+b', 'b: 2'], ['+a']]);
  });

  test('that is not silent breaks connections at once', async () => {
    const { result } = await simulate({ seed: 3 }, async (world) => {
      const a = listen(world, 'a');
      const b = listen(world, 'b');
      await world.sleep(1_000);
      world.network.cut('a', 'b', { silent: false });
      await world.sleep(1);
      return [a.heard, b.heard];
    });
    expect(result).toEqual([
      ['+b', '-b'],
      ['+a', '-a'],
    ]);
  });

  test('between groups leaves who is in both connected to all', async () => {
    const { result } = await simulate({ seed: 3 }, async (world) => {
      const members = ['a', 'b', 'c'].map((name) => listen(world, name));
      await world.sleep(1_000);
      world.network.partition(
        [
          ['a', 'b'],
          ['b', 'c'],
        ],
        { silent: false },
      );
      await world.sleep(1_000);
      return members.map(({ heard }) => heard.filter((line) => line.startsWith('-')));
    });
    expect(result).toEqual([['-c'], [], ['-a']]);
  });

  test('that flaps is there now and then, until it is healed', async () => {
    const { result, faults } = await simulate({ seed: 3 }, async (world) => {
      const a = listen(world, 'a');
      const b = listen(world, 'b');
      await world.sleep(1_000);
      world.network.flap('a', 'b', { silent: false, openUsMax: 300_000, cutUsMax: 300_000 });
      await world.sleep(5_000);
      world.network.heal();
      await world.sleep(1_000);
      a.transport.send('b', Uint8Array.of(1));
      await world.sleep(5_000);
      return b.heard;
    });
    expect(faults.cut).toBeGreaterThan(5);
    expect(result.filter((line) => line === '-a').length).toBeGreaterThan(3);
    expect(result.at(-1)).toBe('a: 1');
  });
});

describe('a connection', () => {
  test('to a process that dies breaks soon, and is made anew when it is back', async () => {
    const { result } = await simulate({ seed: 3 }, async (world) => {
      const a = listen(world, 'a');
      listen(world, 'b');
      await world.sleep(1_000);
      world.host('b').crash({ of: 'process' });
      await world.sleep(5);
      const after = [...a.heard];
      world.host('b').restart();
      await world.sleep(1_000);
      return { after, later: a.heard };
    });
    expect(result).toEqual({ after: ['+b', '-b'], later: ['+b', '-b', '+b'] });
  });

  test('to a machine that loses power is silent for a while', async () => {
    const { result } = await simulate({ seed: 3 }, async (world) => {
      const a = listen(world, 'a');
      listen(world, 'b');
      await world.sleep(1_000);
      world.host('b').crash();
      await world.sleep(5);
      const after = [...a.heard];
      await world.sleep(6_000);
      return { after, later: a.heard };
    });
    expect(result).toEqual({ after: ['+b'], later: ['+b', '-b'] });
  });

  test('that breaks is made anew, and nothing of the old one follows on the new', async () => {
    const { result } = await simulate({ seed: 3 }, async (world) => {
      const a = listen(world, 'a');
      const b = listen(world, 'b');
      await world.sleep(1_000);
      a.transport.send('b', Uint8Array.of(1));
      world.network.breakConnections('a', 'b');
      await world.sleep(1_000);
      a.transport.send('b', Uint8Array.of(2));
      await world.sleep(1_000);
      return [a.heard, b.heard];
    });
    expect(result).toEqual([
      ['+b', '-b', '+b'],
      ['+a', '-a', '+a', 'a: 2'],
    ]);
  });

  test('is told in turn when a process restarts at once', async () => {
    const { result } = await simulate({ seed: 3 }, async (world) => {
      const a = listen(world, 'a');
      listen(world, 'b');
      await world.sleep(1_000);
      for (let round = 0; round < 20; round += 1) {
        world.host('b').restart();
        await world.sleep(round);
      }
      await world.sleep(1_000);
      return a.heard;
    });
    const turns = result.map((line, at) => line === (at % 2 === 0 ? '+b' : '-b'));
    expect(turns).not.toContain(false);
    expect(result.at(-1)).toBe('+b');
  });

  test('takes nothing before it is there, and nothing from a process that is dead', async () => {
    const { result } = await simulate({ seed: 3 }, async (world) => {
      const a = listen(world, 'a');
      const b = listen(world, 'b');
      await world.sleep(0);
      const early = a.transport.send('b', Uint8Array.of(1));
      await world.sleep(1_000);
      const { transport } = a;
      world.host('a').crash();
      const late = transport.send('b', Uint8Array.of(2));
      await world.sleep(1_000);
      return { early, late, heard: b.heard.filter((line) => line.startsWith('a: ')) };
    });
    expect(result).toEqual({ early: false, late: false, heard: [] });
  });

  test('of a second process that claims to be the same member is refused', async () => {
    const running = simulate({ seed: 3 }, async (world) => {
      const main = async (transport: Transport): Promise<void> => {
        const owner = { member: 'a', ensemble: 'e', incarnation: 1, members: {}, frameBytesMax: 1_000 };
        const nothing = (): void => undefined;
        const events = { frame: nothing, connected: nothing, disconnected: nothing };
        await transport.start({ ...owner, logger: silentLogger }, events);
      };
      world.host('one').start(({ transport }) => main(transport));
      world.host('two').start(({ transport }) => main(transport));
      await world.sleep(10);
    });
    await expect(running).rejects.toMatchObject({ code: 'BAD_ARGUMENTS' });
  });
});
