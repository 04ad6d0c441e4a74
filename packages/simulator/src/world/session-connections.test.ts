import { describe, expect, test } from 'vitest';
import type { SessionDialer, Transport } from '@quorate/core/ports';
import { simulate } from './simulate.ts';
import { silentLogger } from './testing/silent-logger.ts';
import type { World } from './world.ts';

interface Server {
  readonly heard: string[];
  readonly transport: Transport;
}

/** A member that serves sessions: it answers each frame with the same bytes, one more each. */
function serve(world: World, name: string): Server {
  const heard: string[] = [];
  let running: Transport | undefined;
  world.host(name).start(async ({ transport }) => {
    running = transport;
    const owner = { member: name, ensemble: 'e', incarnation: 1, members: {}, frameBytesMax: 1_000_000 };
    const nothing = (): void => undefined;
    const sessions = {
      opened: (number: number) => heard.push(`open ${number}`),
      frame: (number: number, bytes: Uint8Array) => {
        heard.push(`${number}: ${[...bytes].join(' ')}`);
        transport.sendToSession?.(
          number,
          bytes.map((byte) => byte + 1),
        );
      },
      drained: (number: number) => heard.push(`drained ${number}`),
      closed: (number: number) => heard.push(`closed ${number}`),
    };
    const events = { frame: nothing, connected: nothing, disconnected: nothing, sessions };
    await transport.start({ ...owner, logger: silentLogger }, events);
  });
  return {
    heard,
    get transport() {
      if (running === undefined) throw new TypeError('not running yet');
      return running;
    },
  };
}

interface Client {
  readonly heard: string[];
  readonly dialer: SessionDialer;
}

function client(world: World): Client {
  const heard: string[] = [];
  let running: SessionDialer | undefined;
  world.host('client').start(async ({ transport }) => {
    running = await transport.startSession?.(
      { ensemble: 'e', peers: { a: '', b: '' }, frameBytesMax: 1_000_000, logger: silentLogger },
      {
        connected: (peer) => heard.push(`+${peer}`),
        frame: (bytes) => heard.push([...bytes].join(' ')),
        drained: () => heard.push('drained'),
        disconnected: (peer) => heard.push(`-${peer}`),
      },
    );
  });
  return {
    heard,
    get dialer() {
      if (running === undefined) throw new TypeError('not running yet');
      return running;
    },
  };
}

/** A server `a` and a client that is connected to it. */
async function connected<T>(story: (world: World, a: Server, c: Client) => Promise<T>): Promise<T> {
  const { result } = await simulate({ seed: 5 }, async (world) => {
    const a = serve(world, 'a');
    const c = client(world);
    await world.sleep(100);
    c.dialer.dial('a');
    await world.sleep(100);
    return await story(world, a, c);
  });
  return result;
}

const send = (dialer: SessionDialer, numbers: readonly number[]): readonly boolean[] =>
  numbers.map((number) => dialer.send(Uint8Array.of(number)));

describe('a connection of a session', () => {
  test('carries frames both ways, in order', async () => {
    const heard = await connected(async (world, a, c) => {
      send(c.dialer, [1, 3, 5]);
      await world.sleep(100);
      return [a.heard, c.heard];
    });
    expect(heard).toEqual([
      ['open 1', '1: 1', '1: 3', '1: 5'],
      ['+a', '2', '4', '6'],
    ]);
  });

  test('loses nothing in a network that loses frames: it only takes longer', async () => {
    const heard = await connected(async (world, _, c) => {
      world.network.setConditions({ lossPpm: 300_000, duplicatePpm: 300_000, reorderPpm: 300_000 });
      send(
        c.dialer,
        Array.from({ length: 100 }, (__, at) => at),
      );
      await world.sleep(60_000);
      return c.heard;
    });
    expect(heard).toEqual(['+a', ...Array.from({ length: 100 }, (_, at) => String(at + 1))]);
  });

  test('keeps what is sent behind a short cut', async () => {
    const heard = await connected(async (world, _, c) => {
      const heal = world.network.cut('client', 'a');
      send(c.dialer, [1]);
      await world.sleep(1);
      const during = [...c.heard];
      heal();
      await world.sleep(100);
      return { during, after: c.heard };
    });
    expect(heard).toEqual({ during: ['+a'], after: ['+a', '2'] });
  });

  test('ends for both behind a long cut', async () => {
    const heard = await connected(async (world, a, c) => {
      world.network.cut('client', 'a');
      await world.sleep(10_000);
      const sent = send(c.dialer, [1]);
      return [a.heard, c.heard, sent];
    });
    expect(heard).toEqual([['open 1', 'closed 1'], ['+a', '-a'], [false]]);
  });

  test('ends when the client hangs up, after what it has sent, and nothing follows', async () => {
    const heard = await connected(async (world, a, c) => {
      send(c.dialer, [1]);
      c.dialer.hangUp();
      await world.sleep(100);
      return [a.heard, c.heard];
    });
    expect(heard).toEqual([['open 1', '1: 1', 'closed 1'], ['+a']]);
  });

  test('ends when the server hangs up, after what it has sent, and nothing follows', async () => {
    const heard = await connected(async (world, a, c) => {
      a.transport.sendToSession?.(1, Uint8Array.of(9));
      a.transport.hangUpSession?.(1);
      send(c.dialer, [1]);
      await world.sleep(100);
      return [a.heard, c.heard];
    });
    expect(heard).toEqual([['open 1'], ['+a', '9', '-a']]);
  });

  test('ends soon when the process of the server dies, and late when its machine does', async () => {
    const process = await connected(async (world, _, c) => {
      world.host('a').crash({ of: 'process' });
      await world.sleep(5);
      return c.heard;
    });
    const machine = await connected(async (world, _, c) => {
      world.host('a').crash();
      await world.sleep(5);
      const soon = [...c.heard];
      await world.sleep(10_000);
      return { soon, late: c.heard };
    });
    expect(process).toEqual(['+a', '-a']);
    expect(machine).toEqual({ soon: ['+a'], late: ['+a', '-a'] });
  });

  test('ends for the server when the client dies', async () => {
    const heard = await connected(async (world, a) => {
      world.host('client').crash({ of: 'process' });
      await world.sleep(100);
      return a.heard;
    });
    expect(heard).toEqual(['open 1', 'closed 1']);
  });

  test('refuses what it has no room for, and tells when there is room', async () => {
    const heard = await connected(async (world, a, c) => {
      world.network.setConditions({ queueFramesMax: 2 });
      const sent = send(c.dialer, [1, 3, 5, 7]);
      await world.sleep(100);
      return { sent, a: a.heard, c: c.heard };
    });
    expect(heard.sent).toEqual([true, true, false, false]);
    expect(heard.a).toEqual(['open 1', '1: 1', '1: 3']);
    expect(heard.c.toSorted()).toEqual(['+a', '2', '4', 'drained']);
  });

  test('is replaced by the next one that is dialled', async () => {
    const heard = await connected(async (world, a, c) => {
      const b = serve(world, 'b');
      await world.sleep(100);
      c.dialer.dial('b');
      await world.sleep(100);
      send(c.dialer, [1]);
      await world.sleep(100);
      return [a.heard, b.heard, c.heard];
    });
    expect(heard).toEqual([
      ['open 1', 'closed 1'],
      ['open 2', '2: 1'],
      ['+a', '+b', '2'],
    ]);
  });
});

describe('dialling', () => {
  test.each([
    ['nobody', 'b', 6_000],
    ['a process that is gone', 'a', 100],
  ])('%s fails in bounded time', async (_, peer, withinMs) => {
    const heard = await connected(async (world, __, c) => {
      c.dialer.hangUp();
      world.host('a').crash({ of: 'process' });
      await world.sleep(100);
      c.dialer.dial(peer);
      await world.sleep(withinMs);
      return c.heard;
    });
    expect(heard).toEqual(['+a', `-${peer}`]);
  });

  test('through a cut fails in bounded time, and once', async () => {
    const heard = await connected(async (world, a, c) => {
      c.dialer.hangUp();
      await world.sleep(100);
      const heal = world.network.cut('a', 'client', { oneWay: true });
      c.dialer.dial('a');
      await world.sleep(6_000);
      heal();
      await world.sleep(6_000);
      return [a.heard, c.heard];
    });
    expect(heard).toEqual([
      ['open 1', 'closed 1'],
      ['+a', '-a'],
    ]);
  });

  test('a peer that is paused too long fails, and the peer hears of the end when it wakes up', async () => {
    const heard = await connected(async (world, a, c) => {
      c.dialer.hangUp();
      await world.sleep(100);
      world.host('a').pause();
      c.dialer.dial('a');
      await world.sleep(6_000);
      world.host('a').resume();
      await world.sleep(100);
      return [a.heard, c.heard];
    });
    expect(heard).toEqual([
      ['open 1', 'closed 1', 'open 2', 'closed 2'],
      ['+a', '-a'],
    ]);
  });
});
