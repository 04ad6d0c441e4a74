import { CoordinationError } from '@quorate/core';
import type { Logger, Transport } from '@quorate/core/ports';
import { describe, expect, it, vi } from 'vitest';
import { memoryNetwork, type FaultDecision, type MemoryNetwork } from '../src/index.ts';

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

interface Member {
  readonly transport: Transport;
  /** What it was told, in order: "+b", "-b", or "b:1,2,3" for a frame of bytes 1, 2, 3 from b. */
  readonly told: string[];
}

interface StartOptions {
  readonly ensemble?: string;
  readonly frameBytesMax?: number;
  readonly logger?: Logger;
  readonly onFrame?: (from: string, bytes: Uint8Array) => void;
}

async function start(network: MemoryNetwork, member: string, options: StartOptions = {}): Promise<Member> {
  const told: string[] = [];
  const transport = network.transport();
  const owner = {
    member,
    ensemble: options.ensemble ?? 'test',
    incarnation: 1,
    members: {},
    frameBytesMax: options.frameBytesMax ?? 1_000_000,
    logger: options.logger ?? silent,
  };
  await transport.start(owner, {
    frame(from, bytes) {
      told.push(`${from}:${bytes.join()}`);
      options.onFrame?.(from, bytes);
    },
    connected: (other) => told.push(`+${other}`),
    disconnected: (other) => told.push(`-${other}`),
  });
  return { transport, told };
}

/** One turn of the event loop: what was queued before it is delivered. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

async function turns(count: number): Promise<void> {
  for (let done = 0; done < count; done += 1) await turn();
}

async function pair(network: MemoryNetwork = memoryNetwork()): Promise<readonly [Member, Member]> {
  const a = await start(network, 'a');
  const b = await start(network, 'b');
  await turn();
  a.told.length = 0;
  b.told.length = 0;
  return [a, b];
}

function send(from: Member, to: string, ...bytes: number[]): boolean {
  return from.transport.send(to, Uint8Array.from(bytes));
}

describe('connections', () => {
  it('both ends are told once both are started, and not within start', async () => {
    const network = memoryNetwork();
    const a = await start(network, 'a');
    await turn();
    expect(a.told).toEqual([]);
    const b = await start(network, 'b');
    expect([a.told, b.told]).toEqual([[], []]);
    await turn();
    expect([a.told, b.told]).toEqual([['+b'], ['+a']]);
  });

  it('a frame to nobody, to oneself, or before the start is refused', async () => {
    const network = memoryNetwork();
    const a = await start(network, 'a');
    expect(send(a, 'b', 1)).toBe(false);
    expect(send(a, 'a', 1)).toBe(false);
    expect(network.transport().send('a', Uint8Array.of(1))).toBe(false);
  });

  it('peers of two ensembles on one network never meet', async () => {
    const network = memoryNetwork();
    const a = await start(network, 'a', { ensemble: 'one' });
    const b = await start(network, 'b', { ensemble: 'two' });
    const otherA = await start(network, 'a', { ensemble: 'two' });
    await turn();
    expect([a.told, b.told, otherA.told]).toEqual([[], ['+a'], ['+b']]);
  });

  it('a second live peer with the same id is refused, and harms nobody', async () => {
    const network = memoryNetwork();
    const [a, b] = await pair(network);
    await expect(start(network, 'a')).rejects.toMatchObject({ code: 'BAD_ARGUMENTS' });
    expect(send(b, 'a', 1)).toBe(true);
    await turn();
    expect(a.told).toEqual(['b:1']);
  });

  it('a transport starts once', async () => {
    const network = memoryNetwork();
    const { transport } = await start(network, 'a');
    const owner = {
      member: 'x',
      ensemble: 'test',
      incarnation: 1,
      members: {},
      frameBytesMax: 10,
      logger: silent,
    };
    const events = { frame() {}, connected() {}, disconnected() {} };
    await expect(transport.start(owner, events)).rejects.toBeInstanceOf(CoordinationError);
    const closed = network.transport();
    await closed.close();
    await expect(closed.start(owner, events)).rejects.toMatchObject({ code: 'BAD_ARGUMENTS' });
  });

  it('a member restarts with a new transport', async () => {
    const network = memoryNetwork();
    const [a, b] = await pair(network);
    await b.transport.close({ abrupt: true });
    const restarted = await start(network, 'b');
    await turn();
    expect(a.told).toEqual(['-b', '+b']);
    expect(restarted.told).toEqual(['+a']);
    expect(send(a, 'b', 1)).toBe(true);
    expect(send(b, 'a', 9)).toBe(false);
    await turn();
    expect(restarted.told).toEqual(['+a', 'a:1']);
    expect(b.told).toEqual([]);
  });

  it('the other end hears of a close in the next turn, abrupt or not, and may close twice', async () => {
    for (const abrupt of [true, false]) {
      const [a, b] = await pair();
      await b.transport.close({ abrupt });
      await b.transport.close({ abrupt });
      expect(a.told).toEqual([]);
      expect(send(a, 'b', 1)).toBe(false);
      await turn();
      expect(a.told).toEqual(['-b']);
      expect(b.told).toEqual([]);
    }
  });

  it('an abrupt close drops what was sent, a graceful one lets it arrive first', async () => {
    for (const abrupt of [true, false]) {
      const [a, b] = await pair();
      send(b, 'a', 1);
      await b.transport.close({ abrupt });
      await turn();
      expect(a.told).toEqual(abrupt ? ['-b'] : ['b:1', '-b']);
    }
  });

  it('a closed peer gets nothing more', async () => {
    const [a, b] = await pair();
    send(a, 'b', 1);
    await b.transport.close();
    await turns(2);
    expect(b.told).toEqual([]);
  });
});

describe('frames', () => {
  it('arrive in order, all in one turn, and never within send', async () => {
    const [a, b] = await pair();
    for (let number = 0; number < 100; number += 1) send(a, 'b', number);
    expect(b.told).toEqual([]);
    await turn();
    expect(b.told).toEqual(Array.from({ length: 100 }, (_, number) => `a:${number}`));
  });

  it('sent from within a delivery go with a later turn', async () => {
    const network = memoryNetwork();
    const [a] = await pair(network);
    const c: Member = await start(network, 'c', { onFrame: () => void send(c, 'a', 2) });
    await turn();
    a.told.length = 0;
    send(a, 'c', 1);
    await turn();
    expect(a.told).toEqual([]);
    await turn();
    expect(a.told).toEqual(['c:2']);
  });

  it('are handed over without a copy', async () => {
    const network = memoryNetwork();
    const received: Uint8Array[] = [];
    await start(network, 'a', { onFrame: (_from, bytes) => received.push(bytes) });
    const b = await start(network, 'b');
    const bytes = Uint8Array.of(1);
    b.transport.send('a', bytes);
    await turns(2);
    expect(received[0]).toBe(bytes);
  });

  it('are refused beyond frameBytesMax', async () => {
    const network = memoryNetwork();
    await start(network, 'a');
    const b = await start(network, 'b', { frameBytesMax: 2 });
    expect(send(b, 'a', 1, 2)).toBe(true);
    expect(send(b, 'a', 1, 2, 3)).toBe(false);
  });

  it('are refused when the queue of their link is full, by count, and taken again after a turn', async () => {
    const [a, b] = await pair(memoryNetwork({ queueFramesMax: 2 }));
    expect([send(a, 'b', 1), send(a, 'b', 2), send(a, 'b', 3)]).toEqual([true, true, false]);
    expect(send(b, 'a', 1)).toBe(true);
    await turn();
    expect(send(a, 'b', 4)).toBe(true);
    await turn();
    expect(b.told).toEqual(['a:1', 'a:2', 'a:4']);
  });

  it('are refused when the queue of their link is full, by bytes, but one always fits', async () => {
    const [a] = await pair(memoryNetwork({ queueBytesMax: 3 }));
    expect([send(a, 'b', 1, 1, 1, 1), send(a, 'b', 1)]).toEqual([true, false]);
    await turn();
    expect([send(a, 'b', 1, 1), send(a, 'b', 1), send(a, 'b', 1)]).toEqual([true, true, false]);
  });

  it('a listener that throws is logged and harms no other delivery', async () => {
    const network = memoryNetwork();
    const error = vi.fn<Logger['error']>();
    const failure = new Error('listener');
    const a = await start(network, 'a', {
      logger: { ...silent, error },
      onFrame: () => {
        throw failure;
      },
    });
    const b = await start(network, 'b');
    await turn();
    send(b, 'a', 1);
    send(b, 'a', 2);
    send(a, 'b', 3);
    await turn();
    expect(a.told).toEqual(['+b', 'b:1', 'b:2']);
    expect(b.told).toEqual(['+a', 'a:3']);
    expect(error).toHaveBeenCalledTimes(2);
    expect(error.mock.calls[0]?.[0]).toMatchObject({ member: 'a', err: failure });
  });

  it("has zlib's checksum where there is one", () => {
    const bytes = new TextEncoder().encode('123456789');
    expect(memoryNetwork().transport().checksum?.(bytes)).toBe(0xcbf43926);
  });

  it('a bound that leaves room for nothing is refused', () => {
    for (const options of [{ queueFramesMax: 0 }, { queueBytesMax: Number.NaN }]) {
      expect(() => memoryNetwork(options)).toThrow(CoordinationError);
    }
  });
});

describe('cuts', () => {
  it('a cut loses frames both ways, under way too, and tells nobody', async () => {
    const network = memoryNetwork();
    const [a, b] = await pair(network);
    send(a, 'b', 1);
    network.cut('a', 'b');
    expect([send(a, 'b', 2), send(b, 'a', 3)]).toEqual([true, true]);
    await turns(2);
    expect([a.told, b.told]).toEqual([[], []]);
    network.heal();
    send(a, 'b', 4);
    await turn();
    expect([a.told, b.told]).toEqual([[], ['a:4']]);
  });

  it('a frame that was sent during a cut is lost even if the cut heals at once', async () => {
    const network = memoryNetwork();
    const [a, b] = await pair(network);
    network.cut('a', 'b');
    send(a, 'b', 1);
    network.heal();
    await turn();
    expect(b.told).toEqual([]);
  });

  it('a one-way cut lets the other direction pass', async () => {
    const network = memoryNetwork();
    const [a, b] = await pair(network);
    network.cut('a', 'b', { oneWay: true });
    send(a, 'b', 1);
    send(b, 'a', 2);
    await turn();
    expect([a.told, b.told]).toEqual([['b:2'], []]);
  });

  it('a cut that is not silent breaks the connection until it heals', async () => {
    const network = memoryNetwork();
    const [a, b] = await pair(network);
    send(a, 'b', 1);
    network.cut('a', 'b', { silent: false });
    expect(send(a, 'b', 2)).toBe(false);
    await turn();
    expect([a.told, b.told]).toEqual([['-b'], ['-a']]);
    network.heal();
    await turn();
    expect([a.told, b.told]).toEqual([
      ['-b', '+b'],
      ['-a', '+a'],
    ]);
  });

  it('an isolated member is cut from all, also from those that start later', async () => {
    const network = memoryNetwork();
    const [a, b] = await pair(network);
    network.isolate('a');
    const c = await start(network, 'c');
    send(a, 'b', 1);
    send(b, 'a', 2);
    await turn();
    expect([a.told, b.told, c.told]).toEqual([[], ['+c'], ['+b']]);
    send(b, 'c', 3);
    await turn();
    expect(c.told).toEqual(['+b', 'b:3']);
    network.heal();
    await turn();
    expect([a.told, c.told.at(-1)]).toEqual([['+c'], '+a']);
  });

  it('an isolation that is not silent breaks every connection', async () => {
    const network = memoryNetwork();
    const [a, b] = await pair(network);
    network.isolate('a', { silent: false });
    await turn();
    expect([a.told, b.told]).toEqual([['-b'], ['-a']]);
  });

  it('behind a silent cut nobody hears of an end or a restart until it heals', async () => {
    const network = memoryNetwork();
    const [a, b] = await pair(network);
    network.cut('a', 'b');
    await b.transport.close({ abrupt: true });
    const restarted = await start(network, 'b');
    await turns(2);
    expect([a.told, restarted.told]).toEqual([[], []]);
    expect(send(a, 'b', 1)).toBe(true);
    network.heal();
    await turn();
    expect([a.told, restarted.told]).toEqual([['-b', '+b'], ['+a']]);
  });

  it('peers that start on both sides of a cut meet when it heals', async () => {
    const network = memoryNetwork();
    network.cut('a', 'b', { oneWay: true });
    const a = await start(network, 'a');
    const b = await start(network, 'b');
    await turn();
    expect([a.told, b.told]).toEqual([[], []]);
    network.heal();
    await turn();
    expect([a.told, b.told]).toEqual([['+b'], ['+a']]);
  });

  it('a cut that makes no sense is refused', () => {
    const network = memoryNetwork();
    expect(() => network.cut('a', 'a')).toThrow(CoordinationError);
    expect(() => network.cut('a', 'b', { oneWay: true, silent: false })).toThrow(CoordinationError);
  });
});

describe('faults', () => {
  /** A network that asks this list what to do, frame by frame. */
  function scripted(...decisions: FaultDecision[]): MemoryNetwork {
    return memoryNetwork({ faults: () => decisions.shift() ?? 'deliver' });
  }

  it('a dropped frame counts as sent, a doubled one arrives twice, each its own bytes', async () => {
    const network = scripted('drop', 'duplicate');
    const received: Uint8Array[] = [];
    const a = await start(network, 'a', { onFrame: (_from, bytes) => received.push(bytes) });
    const b = await start(network, 'b');
    expect([send(b, 'a', 1), send(b, 'a', 2), send(b, 'a', 3)]).toEqual([true, true, true]);
    await turns(2);
    expect(a.told).toEqual(['+b', 'b:2', 'b:2', 'b:3']);
    expect(received[0]?.buffer).not.toBe(received[1]?.buffer);
  });

  it('a delayed frame is overtaken by so many turns', async () => {
    const [a, b] = await pair(scripted({ delayTurns: 2 }, { delayTurns: 0 }, { delayTurns: 1 }));
    for (const number of [1, 2, 3, 4]) send(a, 'b', number);
    await turn();
    expect(b.told).toEqual(['a:2', 'a:4']);
    send(a, 'b', 5);
    await turn();
    expect(b.told).toEqual(['a:2', 'a:4', 'a:5', 'a:3']);
    await turn();
    expect(b.told).toEqual(['a:2', 'a:4', 'a:5', 'a:3', 'a:1']);
  });

  it('a delayed frame does not outlive its connection', async () => {
    const [a, b] = await pair(scripted({ delayTurns: 3 }));
    send(a, 'b', 1);
    await a.transport.close();
    await turns(5);
    expect(b.told).toEqual(['-a']);
  });

  it('the hook sees each frame in the order of sending', async () => {
    const seen: string[] = [];
    const [a, b] = await pair(
      memoryNetwork({
        faults: ({ from, to, bytes }) => {
          seen.push(`${from}>${to}:${bytes.join()}`);
          return 'deliver';
        },
      }),
    );
    send(a, 'b', 1);
    send(b, 'a', 2);
    expect(seen).toEqual(['a>b:1', 'b>a:2']);
  });

  it('a delay that is none is refused', async () => {
    for (const delayTurns of [-1, 0.5, Number.NaN, 1e9]) {
      const [a] = await pair(scripted({ delayTurns }));
      expect(() => send(a, 'b', 1)).toThrow(CoordinationError);
    }
  });
});
