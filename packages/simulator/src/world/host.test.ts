import { describe, expect, test } from 'vitest';
import type { HostPorts } from './host.ts';
import { simulate } from './simulate.ts';
import { silentLogger } from './testing/silent-logger.ts';
import type { World } from './world.ts';

/** Runs a story with the ports of one process on host `a`. */
async function withProcess<T>(story: (world: World, ports: HostPorts) => Promise<T>): Promise<T> {
  const { result } = await simulate({ seed: 11 }, async (world) => {
    let given: HostPorts | undefined;
    world.host('a').timers.latenessUsMax = 0;
    world.host('a').start((ports) => {
      given = ports;
    });
    await world.sleep(0);
    if (given === undefined) throw new TypeError('not started');
    return await story(world, given);
  });
  return result;
}

describe('the clock of a host', () => {
  test('calls back at each interval until it is cancelled', async () => {
    const calls = await withProcess(async (world, { clock }) => {
      const at: number[] = [];
      const startMs = clock.now();
      const timer = clock.every(10, () => at.push(clock.now() - startMs));
      await world.sleep(35);
      timer.cancel();
      await world.sleep(100);
      return at;
    });
    expect(calls).toEqual([10, 20, 30]);
  });

  test('lets timers be late within bounds', async () => {
    const calls = await withProcess(async (world, { clock }) => {
      world.host('a').timers.latenessUsMax = 1_000;
      const gaps: number[] = [];
      let lastMs = clock.now();
      clock.every(10, () => {
        gaps.push(clock.now() - lastMs);
        lastMs = clock.now();
      });
      await world.sleep(1_000);
      return gaps;
    });
    expect(calls.length).toBeGreaterThan(85);
    expect(calls.every((gap) => gap >= 10 && gap <= 11.001)).toBe(true);
    expect(new Set(calls).size).toBeGreaterThan(10);
  });

  test.each([
    [100_000, 1_100],
    [-100_000, 900],
  ])('at a rate of %s ppm shows %s ms after a second', async (ratePpm, shownMs) => {
    const shown = await withProcess(async (world, { clock }) => {
      await world.sleep(500);
      const [startMs, startWallMs] = [clock.now(), clock.wallNow()];
      world.host('a').clock.ratePpm = ratePpm;
      let ticks = 0;
      // A timer fires in the first microsecond in which it is due.
      clock.every(9.999, () => (ticks += 1));
      await world.sleep(1_000);
      return [clock.now() - startMs, clock.wallNow() - startWallMs, ticks];
    });
    expect(shown).toEqual([shownMs, shownMs, shownMs / 10]);
  });

  test('never goes back when its rate changes', async () => {
    const shown = await withProcess(async (world, { clock }) => {
      const seen: number[] = [];
      for (const ratePpm of [400_000, -400_000, 0, 3, -500_000]) {
        world.host('a').clock.ratePpm = ratePpm;
        seen.push(clock.now());
        await world.sleep(1);
      }
      return seen;
    });
    expect(shown).toEqual(shown.toSorted((a, b) => a - b));
  });

  test('has a wall that jumps and a monotonic clock that does not', async () => {
    const jumps = await withProcess(async (world, { clock }) => {
      const before = [clock.now(), clock.wallNow()];
      world.host('a').clock.wallOffsetMs = -3_600_000;
      return [clock.now() - (before[0] ?? 0), clock.wallNow() - (before[1] ?? 0)];
    });
    expect(jumps).toEqual([0, -3_600_000]);
  });

  test('calls back after input that has arrived', async () => {
    const order = await withProcess(async (world, { clock, transport }) => {
      const seen: string[] = [];
      await listen(transport, 'a', () => seen.push('input'));
      let sender: Transport | undefined;
      world.host('b').start(async (ports) => {
        sender = ports.transport;
        await listen(ports.transport, 'b', () => undefined);
      });
      await world.sleep(100);
      const timer = clock.every(10, () => {
        seen.push('timer');
        clock.afterInput(() => seen.push('after input'));
        timer.cancel();
      });
      world.host('a').pause();
      sender?.send('a', Uint8Array.of(1));
      sender?.send('a', Uint8Array.of(2));
      await world.sleep(100);
      world.host('a').resume();
      await world.sleep(1);
      return seen;
    });
    expect(order).toEqual(['timer', 'input', 'input', 'after input']);
  });
});

describe('a paused process', () => {
  test('does nothing, and then gets its due timers once and its input in order', async () => {
    const seen = await withProcess(async (world, ports) => {
      const log: string[] = [];
      ports.clock.every(10, () => log.push('tick'));
      await world.sleep(15);
      world.host('a').pause();
      await world.sleep(100);
      log.push('resume');
      world.host('a').resume();
      await world.sleep(5);
      log.push('later');
      await world.sleep(10);
      return log;
    });
    expect(seen).toEqual(['tick', 'resume', 'tick', 'later', 'tick']);
  });

  test('stays paused when a stall of it ends', async () => {
    const seen = await withProcess(async (world, ports) => {
      let ticks = 0;
      ports.clock.every(10, () => (ticks += 1));
      world.host('a').stall(20);
      world.host('a').pause();
      await world.sleep(100);
      const paused = ticks;
      world.host('a').resume();
      await world.sleep(1);
      return [paused, ticks];
    });
    expect(seen).toEqual([0, 1]);
  });

  test('that is paused and stalled goes on at once when it is released', async () => {
    let wokenAtMs = 0;
    await simulate({ seed: 1, invariants: [] }, async (world) => {
      world.host('a').start(async ({ sleep }) => {
        await sleep(10);
        wokenAtMs = world.nowMs;
      });
      world.host('a').stall(1_000);
      world.host('a').pause();
      await world.sleep(50);
      world.host('a').release();
      await world.sleep(10);
    });
    expect(wokenAtMs).toBeGreaterThanOrEqual(50);
    expect(wokenAtMs).toBeLessThan(60);
  });

  test('that is stalled twice goes on after the longer one', async () => {
    const seen = await withProcess(async (world, ports) => {
      let ticks = 0;
      ports.clock.every(10, () => (ticks += 1));
      world.host('a').stall(20);
      world.host('a').stall(50);
      await world.sleep(45);
      const during = ticks;
      await world.sleep(10);
      return [during, ticks];
    });
    expect(seen).toEqual([0, 1]);
  });
});

describe('a process that crashed', () => {
  test('is silent for ever: no timer, no promise, no write', async () => {
    const seen = await withProcess(async (world, ports) => {
      const log: string[] = [];
      const owner = { member: 'a', ensemble: 'e', incarnation: 1 };
      ports.clock.every(10, () => log.push('tick'));
      void ports.sleep(5).then(() => log.push('slept'));
      void ports.storage.open(owner).then(() => log.push('opened'));
      world.host('a').crash();
      void ports.sleep(5).then(() => log.push('slept later'));
      void ports.storage.open(owner).then(() => log.push('opened later'));
      ports.clock.every(10, () => log.push('tick of a new timer'));
      ports.clock.afterInput(() => log.push('after input'));
      await world.sleep(1_000);
      return log;
    });
    expect(seen).toEqual([]);
  });

  test('can be started again with another life, which knows nothing of the first', async () => {
    const { result } = await simulate({ seed: 11 }, async (world) => {
      const lives: string[] = [];
      world.host('a').start(async ({ sleep }) => {
        lives.push('start');
        await sleep(100);
        lives.push('done');
      });
      await world.sleep(50);
      world.host('a').restart();
      await world.sleep(1_000);
      return lives;
    });
    expect(result).toEqual(['start', 'start', 'done']);
  });

  test('is refused a second process beside it, and a wipe while it runs', async () => {
    await simulate({ seed: 11 }, async (world) => {
      world.host('a').start(() => undefined);
      expect(() => world.host('a').start(() => undefined)).toThrow(/runs already/);
      expect(() => world.host('a').wipe()).toThrow(/crash it first/);
      expect(() => world.host('b').restart()).toThrow(/never started/);
    });
  });
});

describe('draws of a host', () => {
  test('are its own: another host that draws changes nothing', async () => {
    const draws = async (others: number): Promise<number> => {
      const { result } = await simulate({ seed: 11 }, async (world) => {
        let drawn = 0;
        world.host('b').start(({ random }) => {
          for (let at = 0; at < others; at += 1) random.u32();
        });
        world.host('a').start(({ random }) => {
          drawn = random.u32();
        });
        return drawn;
      });
      return result;
    };
    expect(await draws(5)).toBe(await draws(0));
  });
});

type Transport = HostPorts['transport'];

async function listen(transport: Transport, member: string, told: () => void): Promise<void> {
  const owner = { member, ensemble: 'e', incarnation: 1, members: {}, frameBytesMax: 1_000 };
  await transport.start(
    { ...owner, logger: silentLogger },
    { frame: told, connected: () => undefined, disconnected: () => undefined },
  );
}
