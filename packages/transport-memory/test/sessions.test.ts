import type { Logger, SessionDialer, Transport } from '@quorate/core/ports';
import { describe, expect, it } from 'vitest';
import { memoryNetwork, type MemoryNetwork, type MemoryNetworkOptions } from '../src/index.ts';

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

interface Server {
  readonly transport: Transport;
  /** "+1", "-1", "1:7,8" for a frame of bytes 7, 8 on connection 1, "drained 1". */
  readonly told: string[];
}

interface Client {
  readonly transport: Transport;
  readonly dialer: SessionDialer;
  /** "+a", "-a", "7,8" for a frame, "drained". */
  readonly told: string[];
}

async function serve(network: MemoryNetwork, member: string, ensemble = 'test'): Promise<Server> {
  const told: string[] = [];
  const transport = network.transport();
  await transport.start(
    { member, ensemble, incarnation: 1, members: {}, frameBytesMax: 1_000, logger: silent },
    {
      frame: () => undefined,
      connected: () => undefined,
      disconnected: () => undefined,
      sessions: {
        opened: (connection) => told.push(`+${connection}`),
        frame: (connection, bytes) => told.push(`${connection}:${bytes.join()}`),
        drained: (connection) => told.push(`drained ${connection}`),
        closed: (connection) => told.push(`-${connection}`),
      },
    },
  );
  return { transport, told };
}

async function client(network: MemoryNetwork, sessionName = 'x'): Promise<Client> {
  const told: string[] = [];
  const transport = network.transport({ sessionName });
  const dialer = await transport.startSession?.(
    { ensemble: 'test', peers: { a: '', b: '' }, frameBytesMax: 1_000, logger: silent },
    {
      connected: (peer) => told.push(`+${peer}`),
      frame: (bytes) => told.push(bytes.join()),
      drained: () => told.push('drained'),
      disconnected: (peer) => told.push(`-${peer}`),
    },
  );
  if (dialer === undefined) throw new Error('the transport carries no sessions');
  return { transport, dialer, told };
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

interface Line {
  readonly network: MemoryNetwork;
  readonly a: Server;
  readonly x: Client;
}

/** Peer a and session x with a line between them, connection 1, of whose opening nothing is noted. */
async function line(options: MemoryNetworkOptions = {}): Promise<Line> {
  const network = memoryNetwork(options);
  const a = await serve(network, 'a');
  const x = await client(network);
  x.dialer.dial('a');
  await turn();
  expect([a.told, x.told]).toEqual([['+1'], ['+a']]);
  a.told.length = 0;
  x.told.length = 0;
  return { network, a, x };
}

const one = Uint8Array.of(1);
const two = Uint8Array.of(2);

describe('a line between a session and a peer', () => {
  it('carries frames in order both ways, told in a later turn', async () => {
    const { a, x } = await line();
    expect([x.dialer.send(one), x.dialer.send(two)]).toEqual([true, true]);
    expect(a.transport.sendToSession?.(1, two)).toBe(true);
    expect([a.told, x.told]).toEqual([[], []]);
    await turn();
    expect([a.told, x.told]).toEqual([['1:1', '1:2'], ['2']]);
  });

  it('is refused by nobody, by another ensemble, and across a cut', async () => {
    const network = memoryNetwork();
    await serve(network, 'b', 'other');
    await serve(network, 'a');
    network.cut('x', 'a');
    const x = await client(network);
    for (const peer of ['nobody', 'b', 'a']) {
      x.dialer.dial(peer);
      await turn();
    }
    expect(x.told).toEqual(['-nobody', '-b', '-a']);
    expect(x.dialer.send(one)).toBe(false);
  });

  it('takes no frame longer than its bound, and none on a connection that never was', async () => {
    const { a, x } = await line();
    expect(x.dialer.send(new Uint8Array(1_001))).toBe(false);
    expect(a.transport.sendToSession?.(1, new Uint8Array(1_001))).toBe(false);
    expect(a.transport.sendToSession?.(2, one)).toBe(false);
  });

  it('tells each sender when there is room again, once', async () => {
    const { a, x } = await line({ queueFramesMax: 2 });
    for (const send of [() => a.transport.sendToSession?.(1, two), () => x.dialer.send(one)]) {
      expect([send(), send(), send(), send()]).toEqual([true, true, false, false]);
    }
    await turn();
    expect([a.told, x.told]).toEqual([
      ['drained 1', '1:1', '1:1'],
      ['2', '2', 'drained'],
    ]);
  });
});

describe('the end of a line', () => {
  it('a session that hangs up hears no more; the peer gets what was sent before, then the end', async () => {
    const { a, x } = await line();
    x.dialer.send(one);
    a.transport.sendToSession?.(1, one);
    x.dialer.hangUp();
    await turn();
    expect([a.told, x.told]).toEqual([['1:1', '-1'], []]);
    expect([x.dialer.send(one), a.transport.sendToSession?.(1, one)]).toEqual([false, false]);
  });

  it('a peer that hangs up hears no more; the session gets what was sent before, then the end', async () => {
    const { a, x } = await line();
    a.transport.sendToSession?.(1, one);
    x.dialer.send(one);
    a.transport.hangUpSession?.(1);
    await turn();
    expect([a.told, x.told]).toEqual([[], ['1', '-a']]);
  });

  it('a peer that closes or dies is a line that ends; dying drops what was on its way', async () => {
    for (const [abrupt, frames] of [
      [false, ['1']],
      [true, []],
    ] as const) {
      const { a, x } = await line();
      a.transport.sendToSession?.(1, one);
      await a.transport.close({ abrupt });
      await turn();
      expect(x.told).toEqual([...frames, '-a']);
    }
  });

  it('a session that closes or dies is a line that ends, and dials no more', async () => {
    const { a, x } = await line();
    await x.dialer.close();
    await x.transport.close({ abrupt: true });
    x.dialer.dial('a');
    await turn();
    expect([a.told, x.told]).toEqual([['-1'], []]);
  });

  it('dialling another peer ends the line to the first one', async () => {
    const { network, a, x } = await line();
    const b = await serve(network, 'b');
    x.dialer.dial('b');
    await turn();
    expect([a.told, b.told, x.told]).toEqual([['-1'], ['+1'], ['+b']]);
  });

  it('of two attempts in one turn only the later one counts', async () => {
    const { network, a, x } = await line();
    const b = await serve(network, 'b');
    x.dialer.dial('b');
    x.dialer.dial('a');
    await turn();
    expect([a.told, b.told, x.told]).toEqual([['-1', '+2'], [], ['+a']]);
  });
});

describe('cuts between a session and a peer', () => {
  it('a silent cut swallows frames and tells nobody, also not that the other end is gone', async () => {
    const { network, a, x } = await line();
    network.isolate('x');
    expect(x.dialer.send(one)).toBe(true);
    x.dialer.hangUp();
    await turn();
    expect(a.told).toEqual([]);
    network.heal();
    await turn();
    expect(a.told).toEqual(['-1']);
  });

  it('a cut in one direction lets the other one pass', async () => {
    const { network, a, x } = await line();
    network.cut('x', 'a', { oneWay: true });
    x.dialer.send(one);
    a.transport.sendToSession?.(1, two);
    await turn();
    expect([a.told, x.told]).toEqual([[], ['2']]);
  });

  it('a cut that breaks is told at both ends, and drops what was on its way', async () => {
    const { network, a, x } = await line();
    x.dialer.send(one);
    network.cut('x', 'a', { silent: false });
    await turn();
    expect([a.told, x.told]).toEqual([['-1'], ['-a']]);
  });

  it('faults decide about the frames of a session, too', async () => {
    const seen: string[] = [];
    const { a, x } = await line({
      faults: ({ from, to, bytes }) => {
        seen.push(`${from}>${to}`);
        return bytes[0] === 1 ? 'drop' : 'duplicate';
      },
    });
    x.dialer.send(one);
    x.dialer.send(two);
    a.transport.sendToSession?.(1, two);
    await turn();
    expect([a.told, x.told]).toEqual([
      ['1:2', '1:2'],
      ['2', '2'],
    ]);
    expect(seen).toEqual(['x>a', 'x>a', 'a>x']);
  });

  it('a frame that was held back does not follow the end of its line', async () => {
    const { a, x } = await line({ faults: () => ({ delayTurns: 3 }) });
    x.dialer.send(one);
    x.dialer.hangUp();
    for (let turns = 0; turns < 5; turns += 1) await turn();
    expect(a.told).toEqual(['-1']);
  });
});
