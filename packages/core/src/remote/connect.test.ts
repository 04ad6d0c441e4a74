import { describe, expect, it } from 'vitest';
import { readBatchHeader } from '../codec/batch.ts';
import { CoordinationError } from '../errors.ts';
import type { DialerEvents, SessionDialer, Transport } from '../ports/transport.ts';
import { portableChecksum } from '../wire/crc32.ts';
import { SessionFrameReader, SessionFrameWriter } from '../wire/session-frame.ts';
import type { SessionAnswer, SessionRequest, Welcome } from '../wire/session-messages.ts';
import { connect } from './connect.ts';

const checksum = portableChecksum();
const frameBytesMax = 16 * 1_024 * 1_024;
const peers = { a: '', b: '' };
const welcome: Welcome = {
  kind: 'welcome',
  sessionId: 5,
  timeoutMs: 10_000,
  holder: 1,
  nextRequest: 1,
  zxid: 5,
  limits: {
    valueBytesMax: 1_000_000,
    frameBytesMax,
    sessionRequestsInFlightMax: 100,
    sessionBytesInFlightMax: 1_000_000,
    watchesPerSessionMax: 10,
  },
};

/** A transport whose peers do what a test says. */
class Peers implements Transport, SessionDialer {
  readonly log: string[] = [];
  /** What each connection was asked. */
  requests: SessionRequest[] = [];
  hasRoom = true;
  isClosed = false;
  readonly #behave: (peers: Peers, peer: string) => void;
  #events: DialerEvents | undefined;
  #writer = new SessionFrameWriter(checksum);
  #reader = new SessionFrameReader(checksum, frameBytesMax);

  /** `behave` is called when a peer is dialled, in a later turn. */
  constructor(behave: (peers: Peers, peer: string) => void) {
    this.#behave = behave;
  }

  get events(): DialerEvents {
    if (this.#events === undefined) throw new RangeError('nobody has started');
    return this.#events;
  }

  async startSession(_owner: unknown, events: DialerEvents): Promise<SessionDialer> {
    this.#events = events;
    return this;
  }

  dial(peer: string): void {
    this.log.push(`dial ${peer}`);
    this.#writer = new SessionFrameWriter(checksum);
    this.#reader = new SessionFrameReader(checksum, frameBytesMax);
    this.requests = [];
    setImmediate(() => this.isClosed || this.#behave(this, peer));
  }

  answer(message: SessionAnswer): void {
    this.events.frame(this.#writer.answer(message));
  }

  /** Accepts, and serves. */
  serve(peer: string): void {
    this.events.connected(peer);
    this.answer(welcome);
    this.answer({ kind: 'reachable', isReachable: true });
  }

  send(bytesOrPeer: Uint8Array | string): boolean {
    if (typeof bytesOrPeer === 'string' || !this.hasRoom) return false;
    this.requests.push(this.#reader.request(bytesOrPeer));
    return true;
  }

  hangUp(): void {
    this.log.push('hang up');
  }

  keepAlive(): void {}

  async start(): Promise<void> {}

  async close(): Promise<void> {
    this.isClosed = true;
  }
}

const kinds = ({ requests }: Peers): string[] => requests.map(({ kind }) => kind);

describe('connect', () => {
  it('goes from peer to peer until one serves it, and closes its end with the session', async () => {
    let dials = 0;
    const transport = new Peers((wire, peer) => {
      dials += 1;
      if (dials < 4) wire.events.disconnected(peer, 'nobody answers');
      else wire.serve(peer);
    });
    const session = await connect({ transport, peers });
    expect(new Set(transport.log).size).toBe(2);
    expect(kinds(transport)).toEqual(['open']);
    void session.close();
    await expect(session.get('/')).rejects.toMatchObject({ code: 'SESSION_CLOSED' });
  });

  it.each<readonly [string, CoordinationError | Uint8Array]>([
    ['PROTOCOL', Uint8Array.of(1, 2, 3)],
    ['UNSUPPORTED_VERSION', new CoordinationError('UNSUPPORTED_VERSION')],
    ['AUTH_FAILED', new CoordinationError('AUTH_FAILED')],
  ])('fails with %s when that is what every peer gives as its reason', async (code, reason) => {
    const transport = new Peers((wire, peer) => {
      if (reason instanceof CoordinationError) {
        wire.events.disconnected(peer, reason);
        return;
      }
      wire.events.connected(peer);
      wire.events.frame(reason);
    });
    await expect(connect({ transport, peers })).rejects.toMatchObject({ code });
    expect(transport.log.filter((line) => line.startsWith('dial'))).toHaveLength(2);
    expect(transport.isClosed).toBe(true);
  });

  it('goes on when only one peer has such a reason', async () => {
    const transport = new Peers((wire, peer) => {
      if (peer === 'b') wire.serve(peer);
      else wire.events.disconnected(peer, new CoordinationError('AUTH_FAILED'));
    });
    const session = await connect({ transport, peers });
    expect(session.state).toBe('connected');
    void session.close();
  });

  it.each(['LIMIT_EXCEEDED', 'BAD_ARGUMENTS'] as const)(
    'fails at once with %s, which holds at every peer',
    async (code) => {
      const transport = new Peers((wire, peer) => {
        wire.events.connected(peer);
        wire.answer({ kind: 'refused', code, details: { reason: 'so' } });
      });
      await expect(connect({ transport, peers })).rejects.toMatchObject({ code, details: { reason: 'so' } });
      expect(transport.isClosed).toBe(true);
    },
  );

  it('tries another peer when one has no room or its frames get lost', async () => {
    let dials = 0;
    const transport = new Peers((wire, peer) => {
      dials += 1;
      wire.events.connected(peer);
      if (dials === 1) wire.answer({ kind: 'refused', code: 'OVERLOADED', details: {} });
      else if (dials === 2) {
        const lost = new SessionFrameWriter(checksum);
        lost.answer(welcome);
        wire.events.frame(lost.answer(welcome));
      } else wire.answer(welcome);
    });
    const session = await connect({ transport, peers });
    expect(dials).toBe(3);
    void session.close();
  });

  it('ends at its deadline when nobody ever answers, with what was said last as the cause', async () => {
    const silent = new Peers(() => undefined);
    await expect(connect({ transport: silent, peers, deadlineMs: 60 })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
    expect(silent.isClosed).toBe(true);
    const refusing = new Peers((wire, peer) => wire.events.disconnected(peer, new RangeError('no route')));
    await expect(connect({ transport: refusing, peers, deadlineMs: 60 })).rejects.toMatchObject({
      cause: new RangeError('no route'),
    });
  });

  it('fails with FATAL, or with what the transport says, when that cannot be started', async () => {
    const transport = new Peers(() => undefined);
    transport.startSession = async () => await Promise.reject(new RangeError('no socket'));
    await expect(connect({ transport, peers })).rejects.toMatchObject({ code: 'FATAL' });
    transport.startSession = () => {
      throw new CoordinationError('BAD_ARGUMENTS');
    };
    await expect(connect({ transport, peers })).rejects.toMatchObject({ code: 'BAD_ARGUMENTS' });
  });
});

describe('a connection', () => {
  it('without room holds calls back, in order, and sends the refused frame first', async () => {
    const transport = new Peers((wire, peer) => wire.serve(peer));
    const session = await connect({ transport, peers });
    transport.hasRoom = false;
    const calls = [session.get('/a'), session.set('/a', 1), session.get('/b')];
    for (const call of calls) call.catch(() => undefined);
    await turn();
    expect(kinds(transport).filter((kind) => kind !== 'touch')).toEqual(['open']);
    transport.hasRoom = true;
    transport.events.drained();
    // The write waits for the read before it.
    expect(kinds(transport).filter((kind) => kind !== 'touch')).toEqual(['open', 'read']);
    const [, read] = transport.requests.filter(({ kind }) => kind !== 'touch');
    if (read?.kind !== 'read') throw new RangeError('a read was sent');
    const answer = { kind: 'count', count: 1 } as const;
    transport.answer({ kind: 'answer', id: read.id, zxid: 6, seenZxid: 6, answer });
    await turn();
    expect(kinds(transport).filter((kind) => kind !== 'touch')).toEqual(['open', 'read', 'submit', 'read']);
    void session.close();
  });

  it('that is lost is followed by one on which all that is unanswered is said again', async () => {
    const transport = new Peers((wire, peer) => wire.serve(peer));
    const session = await connect({ transport, peers });
    const write = session.set('/a', 1);
    write.catch(() => undefined);
    const watch = session.watch('/a')[Symbol.asyncIterator]();
    watch.next().catch(() => undefined);
    await turn();
    const [sent] = transport.requests.filter(({ kind }) => kind === 'submit');
    transport.events.disconnected('a', 'cut');
    expect(session.state).toBe('suspended');
    while (kinds(transport).length < 3) await turn();
    expect(kinds(transport).filter((kind) => kind !== 'touch')).toEqual(['attach', 'submit', 'watch']);
    expect(transport.requests[0]).toMatchObject({ sessionId: 5, holder: 1, zxid: 5 });
    expect(transport.requests.find(({ kind }) => kind === 'submit')).toEqual(sent);
    expect(session.state).toBe('connected');
    void session.close();
  });

  it('that never was leaves a write certainly not applied, and its number is filled', async () => {
    let isUp = true;
    const transport = new Peers((wire, peer) => {
      if (isUp) wire.serve(peer);
      else wire.events.disconnected(peer, 'nobody answers');
    });
    const session = await connect({ transport, peers });
    isUp = false;
    transport.events.disconnected('a', 'cut');
    await expect(session.set('/a', 1, { deadlineMs: 50 })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      outcome: 'not-applied',
    });
    isUp = true;
    while (!kinds(transport).includes('submit')) await turn();
    const [submit] = transport.requests.filter(({ kind }) => kind === 'submit');
    expect(submit?.kind === 'submit' && readBatchHeader(submit.bytes)).toMatchObject({
      firstRequest: 1,
      count: 1,
    });
    void session.close();
  });

  it('whose peer says that the session has ended ends it; any other refusal is that peer’s own', async () => {
    let code: 'UNAVAILABLE' | 'SESSION_EXPIRED' = 'UNAVAILABLE';
    let isFirst = true;
    const transport = new Peers((wire, peer) => {
      if (isFirst) {
        isFirst = false;
        wire.serve(peer);
        return;
      }
      wire.events.connected(peer);
      wire.answer({ kind: 'refused', code, details: {} });
      code = 'SESSION_EXPIRED';
    });
    const session = await connect({ transport, peers });
    transport.events.disconnected('a', 'cut');
    while (!session.signal.aborted) await turn();
    expect(session.state).toBe('expired');
    expect(transport.log.filter((line) => line.startsWith('dial'))).toHaveLength(3);
    expect(transport.isClosed).toBe(true);
  });

  it('that answers nonsense is given up, and the session goes on at another peer', async () => {
    const transport = new Peers((wire, peer) => wire.serve(peer));
    const session = await connect({ transport, peers });
    transport.answer({ ...welcome, sessionId: 99 });
    while (transport.log.filter((line) => line.startsWith('dial')).length < 2) await turn();
    while (session.state !== 'connected') await turn();
    expect(kinds(transport)[0]).toBe('attach');
    void session.close();
  });
});

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 1);
  });
}
