/**
 * The bare replicated path, without consensus: what is asked in one turn is one batch (the same encoder, so the same
 * bytes); the main member sends it to the two others while it writes it itself; each writes, syncs and
 * acknowledges; as soon as it is durable on two of three the main member applies it and settles what waits.
 * Nobody checks, elects or repairs anything.
 */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { BatchBuilder, ValueEncoder } from '@quorate/core/inspect';
import { mainMember, otherMembers, pathOf, type Subject, value } from '../three-peers.ts';
import { encodeFrame, readFrames } from './bare-frames.ts';
import { BareTable } from './bare-table.ts';
import { RawLog } from './raw-log.ts';

type Members = Readonly<Record<string, string>>;
interface Batch {
  readonly bytes: Uint8Array;
  readonly waiting: readonly (() => void)[];
}

/** Opens the main member, once the others listen. */
export async function openBareMain(members: Members, file: string): Promise<Subject> {
  const log = await RawLog.open(file);
  const main = new BareMain(log);
  const sockets = await Promise.all(otherMembers.map((id) => connectTo(members[id] ?? '')));
  for (const socket of sockets) main.follow(socket);
  return {
    call: (lane) => main.set(pathOf(lane)),
    async close() {
      for (const socket of sockets) socket.destroy();
      await log.close();
    },
  };
}

/** One of the others: takes batches from whoever connects. */
export async function runBareOther(address: string, file: string): Promise<void> {
  const log = await RawLog.open(file);
  const table = new BareTable();
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    readFrames(socket, (number, bytes) => {
      log.append(bytes, () => {
        socket.write(encodeFrame(number, new Uint8Array(0)));
        table.apply(bytes);
      });
    });
  });
  const [host, port] = splitAddress(address);
  server.listen(port, host);
  await once(server, 'listening');
}

class BareMain {
  readonly #log: RawLog;
  readonly #encoder = new ValueEncoder();
  readonly #builder = new BatchBuilder();
  readonly #table = new BareTable();
  readonly #sockets: Socket[] = [];
  /** The last batch that is durable on each member, by its number. */
  readonly #durable = new Map<string, number>([[mainMember, 0]]);
  /** From batch `#applied + 1` on. */
  #batches: Batch[] = [];
  #sent = 0;
  #applied = 0;
  #request = 0;
  #waiting: (() => void)[] = [];

  constructor(log: RawLog) {
    this.#log = log;
  }

  follow(socket: Socket): void {
    const member = `${this.#sockets.length}`;
    this.#sockets.push(socket);
    this.#durable.set(member, 0);
    readFrames(socket, (number) => this.#acknowledged(member, number));
  }

  set(path: string): Promise<void> {
    return new Promise((resolve) => {
      const source = this.#encoder.encode(value);
      this.#builder.add({ kind: 'set', path, value: source, version: -1, create: false });
      if (this.#waiting.length === 0) queueMicrotask(() => this.#flush());
      this.#waiting.push(resolve);
    });
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    const firstRequest = this.#request + 1;
    this.#request += waiting.length;
    const bytes = this.#builder.finish({
      sessionId: 1,
      holder: 1,
      firstRequest,
      acknowledgedThrough: firstRequest - 1,
    });
    this.#sent += 1;
    const number = this.#sent;
    this.#batches.push({ bytes, waiting });
    const frame = encodeFrame(number, bytes);
    for (const socket of this.#sockets) socket.write(frame);
    this.#log.append(bytes, () => this.#acknowledged(mainMember, number));
  }

  #acknowledged(member: string, number: number): void {
    this.#durable.set(member, number);
    // The second of three: a majority has it.
    const [, through = 0] = [...this.#durable.values()].sort((first, second) => second - first);
    while (this.#applied < through) {
      const batch = this.#batches.shift();
      if (batch === undefined) return;
      this.#applied += 1;
      this.#table.apply(batch.bytes);
      for (const resolve of batch.waiting) resolve();
    }
  }
}

async function connectTo(address: string): Promise<Socket> {
  const [host, port] = splitAddress(address);
  for (;;) {
    const socket = connect(port, host);
    socket.setNoDelay(true);
    try {
      await once(socket, 'connect');
      return socket;
    } catch {
      // Not there yet.
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

function splitAddress(address: string): readonly [string, number] {
  const [host = '', port = '0'] = address.split(':');
  return [host, Number(port)];
}
