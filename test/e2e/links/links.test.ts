import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { streamOf } from '@quorate/simulator';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Links } from './links.ts';

let links: Links;
let server: Server;
let address: string;
const accepted: Socket[] = [];
const dialled: Socket[] = [];

beforeEach(async () => {
  links = new Links(streamOf(1n, 'links'));
  // Says everything back.
  server = createServer((socket) => {
    accepted.push(socket);
    socket.on('error', () => undefined).pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  address = await links.open('a', 'b', (server.address() as AddressInfo).port);
});

afterEach(() => {
  for (const socket of [...accepted.splice(0), ...dialled.splice(0)]) socket.destroy();
  links.close();
  server.close();
});

function dial(): Socket {
  const socket = connect(Number(address.split(':')[1]), '127.0.0.1');
  socket.on('error', () => undefined);
  dialled.push(socket);
  return socket;
}

async function echoOf(socket: Socket, bytes: Uint8Array): Promise<Buffer> {
  socket.write(bytes);
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  return chunk;
}

describe('the link between two processes', () => {
  it('hands on what it gets, late if it is slow', async () => {
    const socket = dial();
    expect(await echoOf(socket, Uint8Array.of(1, 2))).toEqual(Buffer.from([1, 2]));
    links.worsen('a', 'b', { delayMs: 20, bytesPerSecondMax: 1_000 });
    socket.write(Uint8Array.of(3));
    let echo = await echoOf(socket, Uint8Array.of(4));
    // On a busy machine both may come as one piece.
    if (echo.length < 2) echo = Buffer.concat([echo, ...(await once(socket, 'data'))]);
    expect(echo).toEqual(Buffer.from([3, 4]));
  });

  it('that is cut breaks both ends, and lets nobody connect until it is healed', async () => {
    const socket = dial();
    await echoOf(socket, Uint8Array.of(1));
    links.cut('b', 'a');
    await Promise.all([once(socket, 'close'), ...accepted.map((each) => once(each, 'close'))]);
    await once(dial(), 'close');
    links.healAll();
    expect(await echoOf(dial(), Uint8Array.of(2))).toEqual(Buffer.from([2]));
  });

  it('that loses one way delivers the other, and ends what has a hole when it is healed', async () => {
    const socket = dial();
    await echoOf(socket, Uint8Array.of(1));
    links.worsen('a', 'b', { isSilent: true });
    socket.write(Uint8Array.of(2));
    accepted[0]?.write(Uint8Array.of(3));
    expect(await once(socket, 'data')).toEqual([Buffer.from([3])]);
    links.healAll();
    await once(socket, 'close');
  });

  it('that is half open ends one end only, until it is healed', async () => {
    const socket = dial();
    await echoOf(socket, Uint8Array.of(1));
    const ended = Promise.all(accepted.map((each) => once(each, 'close')));
    links.halfOpen('a', 'b');
    await ended;
    expect(socket.destroyed).toBe(false);
    links.healAll();
    await once(socket, 'close');
  });

  it('that corrupts flips one bit of a chunk', async () => {
    links.worsen('a', 'b', { corruptPpm: 1_000_000 });
    const [byte = 0] = await echoOf(dial(), Uint8Array.of(0));
    expect([1, 2, 4, 8, 16, 32, 64, 128]).toContain(byte);
  });
});
