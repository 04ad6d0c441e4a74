/**
 * One connection of a session elsewhere: greets it, hands its requests to the link that it has at this peer, and
 * sends it what the link answers. It keeps nothing that the session could not say again: a connection that breaks
 * costs the link, and the session goes on at another peer, or here again.
 *
 * Whatever arrives, this peer is unharmed: a request that breaks the protocol or a bound ends its connection.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { pathProblem } from '../codec/path.ts';
import type { Reply } from '../codec/reply.ts';
import { CoordinationError, type ErrorCode, type ErrorDetails } from '../errors.ts';
import { frameReserveBytes, type PeerLimits } from '../limits.ts';
import type { HolderClaim } from '../machine/contract.ts';
import type { Checksum } from '../ports/checksum.ts';
import type { Logger } from '../ports/logger.ts';
import type { WatchDelivery } from '../replica/contract.ts';
import type { LinkEvents } from '../session/link.ts';
import { protocolError } from '../wire/fields.ts';
import { SessionFrameReader, SessionFrameWriter } from '../wire/session-frame.ts';
import type { Greeting, SessionAnswer, SessionRequest } from '../wire/session-messages.ts';
import { answerBytes, partEnd, replyBytes } from '../wire/session-parts.ts';
import { LocalLink } from './local-link.ts';
import { watchFailure } from './link-views.ts';
import type { OpenedSession, Opening } from './openings.ts';
import { encodedAnswer, slimReply } from './served-answers.ts';
import { ServedBatches } from './served-batches.ts';
import { ServedQueue } from './served-queue.ts';
import type { SessionHub } from './session-hub.ts';

/** What all connections of a peer share. */
export interface Serving {
  readonly hub: SessionHub;
  readonly ensemble: string;
  readonly limits: PeerLimits;
  readonly checksum: Checksum;
  readonly logger: Logger;
  open(opening: Opening, signal: AbortSignal): Promise<OpenedSession>;
  /** The session as this replica knows it, or why this holder does not hold it. */
  session(claim: HolderClaim): OpenedSession | ErrorCode;
  send(connection: number, bytes: Uint8Array): boolean;
  /** Ends the connection, after what is queued for it. */
  hangUp(connection: number): void;
  later(callback: () => void): void;
  /** A bug: this peer cannot go on. */
  failed(cause: unknown): void;
}

type State =
  | { readonly kind: 'new' }
  | { readonly kind: 'greeting'; readonly abort: AbortController }
  | { readonly kind: 'serving'; readonly link: LocalLink }
  | { readonly kind: 'closed' };

/** Bytes of answers in one frame, as long as there is more than one. */
const repliesBytesMax = 256 * 1_024;
/** Touches that wait for their confirmation: older ones are covered by newer ones. */
const touchesRememberedMax = 16;
const smallBytes = 64;

export class ServedConnection {
  readonly #serving: Serving;
  readonly #connection: number;
  readonly #reader: SessionFrameReader;
  readonly #queue: ServedQueue;
  #state: State = { kind: 'new' };
  /** What the session can take, known from its greeting. */
  #frameBytesMax: number;
  readonly #reads = new Map<number, () => void>();
  readonly #watches = new Map<number, () => void>();
  readonly #batches: ServedBatches;
  #touches: { readonly id: number; readonly arrivedAtMs: number }[] = [];
  /** When the session was last heard of, on the hub's clock. */
  heardAtMs: number;

  constructor(serving: Serving, connection: number) {
    this.#serving = serving;
    this.#connection = connection;
    const { checksum, limits, hub } = serving;
    this.#frameBytesMax = limits.frameBytesMax;
    this.#reader = new SessionFrameReader(checksum, limits.frameBytesMax);
    this.#batches = new ServedBatches(limits);
    this.heardAtMs = hub.now();
    this.#queue = new ServedQueue({
      writer: new SessionFrameWriter(checksum),
      deliveriesMax: limits.watchQueueMax,
      bytesMax: limits.sessionBytesInFlightMax,
      frameBytesMax: limits.frameBytesMax,
      send: (bytes) => serving.send(connection, bytes),
      later: (callback) => serving.later(callback),
      overflowed: (id) => this.#unwatch(id),
      clogged: () => this.#end('the session does not read its answers'),
    });
  }

  get isServing(): boolean {
    return this.#state.kind === 'serving';
  }

  get isClosed(): boolean {
    return this.#state.kind === 'closed';
  }

  /** A frame that arrived. Never throws. */
  receive(bytes: Uint8Array): void {
    if (this.#state.kind === 'closed') return;
    this.heardAtMs = this.#serving.hub.now();
    try {
      this.#handle(this.#reader.request(bytes));
    } catch (error) {
      if (!(error instanceof CoordinationError)) {
        this.#serving.failed(error);
        return;
      }
      this.#serving.logger.warn(
        { connection: this.#connection, code: error.code, reason: error.message },
        'a session broke the protocol',
      );
      this.refuse(error.code, error.details);
    }
  }

  drained(): void {
    this.#queue.drained();
  }

  /** The connection is gone. The session lives on, here or elsewhere, until it expires. */
  closed(): void {
    const state = this.#state;
    this.#state = { kind: 'closed' };
    if (state.kind === 'greeting') state.abort.abort();
    if (state.kind === 'serving') state.link.close();
    for (const cancel of [...this.#reads.values(), ...this.#watches.values()]) cancel();
    this.#reads.clear();
    this.#watches.clear();
    this.#queue.close();
  }

  /** Ends the connection because the session has been silent. */
  tooSilent(): void {
    this.#end('the session is silent');
  }

  #handle(request: SessionRequest): void {
    const state = this.#state;
    switch (request.kind) {
      case 'open':
      case 'resume':
      case 'attach':
        if (state.kind !== 'new') throw protocolError('a connection has one greeting');
        this.#greet(request);
        return;
      case 'ping':
        this.#send({ kind: 'pong', id: request.id, seenZxid: this.#serving.hub.zxid });
        return;
      default:
        if (state.kind !== 'serving')
          throw protocolError(`a ${request.kind} came before the session was served`);
        this.#serve(state.link, request);
    }
  }

  // --- greeting --------------------------------------------------------------------------------------------

  #greet(greeting: Greeting): void {
    const { ensemble, limits, hub } = this.#serving;
    if (greeting.ensemble !== ensemble) {
      this.refuse('AUTH_FAILED', { reason: 'this peer belongs to another ensemble' });
      return;
    }
    const measured = hub.valueBytesMax() + frameReserveBytes;
    if (measured > greeting.frameBytesMax) {
      const { frameBytesMax } = greeting;
      this.refuse('LIMIT_EXCEEDED', { limit: 'frameBytesMax', limitValue: frameBytesMax, measured });
      return;
    }
    this.#frameBytesMax = Math.min(limits.frameBytesMax, greeting.frameBytesMax);
    const abort = new AbortController();
    this.#state = { kind: 'greeting', abort };
    if (greeting.kind === 'attach') this.#attach(greeting);
    else void this.#open(greeting, abort.signal);
  }

  async #open(greeting: Exclude<Greeting, { kind: 'attach' }>, signal: AbortSignal): Promise<void> {
    const opening: Opening =
      greeting.kind === 'open'
        ? greeting
        : { kind: 'resume', sessionId: greeting.sessionId, secretHash: sha256(greeting.secret) };
    try {
      this.#begin(await this.#serving.open(opening, signal), false);
    } catch (error) {
      if (error instanceof CoordinationError) this.refuse(error.code, error.details);
      // The connection is gone, and with it the wish.
      else if (!signal.aborted) this.#serving.failed(error);
    }
  }

  /** Waits until this replica has everything that the session has seen; then it knows the session, if it lives. */
  #attach(greeting: Extract<Greeting, { kind: 'attach' }>): void {
    const { sessionId, secret, holder, zxid, wantsDurable } = greeting;
    const cancel = this.#serving.hub.read(0, {
      query: { kind: 'barrier' },
      afterRequest: 0,
      consistency: 'session',
      minZxid: zxid,
      settle: () => {
        this.#reads.delete(0);
        const opened = this.#serving.session({ sessionId, secretHash: sha256(secret), holder });
        if (typeof opened === 'string') this.refuse(opened, {});
        else this.#begin(opened, wantsDurable);
      },
    });
    this.#reads.set(0, cancel);
  }

  #begin(opened: OpenedSession, wantsDurable: boolean): void {
    if (this.#state.kind !== 'greeting') return;
    const { hub, limits } = this.#serving;
    const { sessionId, holder } = opened;
    const link = new LocalLink(hub, { sessionId, holder });
    this.#state = { kind: 'serving', link };
    this.#send({
      ...opened,
      kind: 'welcome',
      zxid: hub.zxid,
      limits: {
        valueBytesMax: hub.valueBytesMax(),
        frameBytesMax: limits.frameBytesMax,
        sessionRequestsInFlightMax: limits.sessionRequestsInFlightMax,
        sessionBytesInFlightMax: limits.sessionBytesInFlightMax,
        watchesPerSessionMax: limits.watchesPerSessionMax,
      },
    });
    link.open(this.#linkEvents());
    if (!wantsDurable) return;
    link.wantsDurable = true;
    this.#send({ kind: 'durable', index: hub.durableIndex });
  }

  // --- requests --------------------------------------------------------------------------------------------

  #serve(link: LocalLink, request: Exclude<SessionRequest, Greeting | { kind: 'ping' }>): void {
    switch (request.kind) {
      case 'submit':
        this.#submit(link, request);
        return;
      case 'read':
        this.#read(link, request);
        return;
      case 'watch':
        this.#watch(link, request);
        return;
      case 'cancel-read':
        this.#reads.get(request.id)?.();
        this.#reads.delete(request.id);
        return;
      case 'unwatch':
        this.#unwatch(request.id);
        this.#queue.dropWatch(request.id);
        return;
      case 'touch':
        this.#touches.push({ id: request.id, arrivedAtMs: this.#serving.hub.now() });
        if (this.#touches.length > touchesRememberedMax) this.#touches.shift();
        link.touch();
        return;
    }
  }

  #submit(link: LocalLink, { bytes, announceDurable }: Extract<SessionRequest, { kind: 'submit' }>): void {
    const { firstRequest, requestCount } = this.#batches.admit(bytes, link);
    link.submit({ bytes, firstRequest, requestCount, announceDurable });
  }

  #read(link: LocalLink, read: Extract<SessionRequest, { kind: 'read' }>): void {
    const { id, query, afterRequest, consistency } = read;
    if (this.#reads.has(id)) throw protocolError('a read has an id of its own');
    if (this.#reads.size >= this.#serving.limits.sessionRequestsInFlightMax) {
      throw protocolError('a session has more reads in flight than it may');
    }
    const { hub } = this.#serving;
    const cancel = hub.read(link.sessionId, {
      query,
      afterRequest,
      consistency,
      settle: (found, zxid) => {
        this.#reads.delete(id);
        const answer = encodedAnswer(found, this.#frameBytesMax);
        this.#send({ kind: 'answer', id, zxid, seenZxid: hub.zxid, answer }, answerBytes(answer));
      },
    });
    this.#reads.set(id, cancel);
  }

  #watch(link: LocalLink, watch: Extract<SessionRequest, { kind: 'watch' }>): void {
    const { id, path, scope, from, afterRequest } = watch;
    const { hub, limits } = this.#serving;
    if (this.#watches.has(id)) throw protocolError('a watch has an id of its own');
    const reason = pathProblem(path);
    if (reason !== undefined) {
      this.#send({ kind: 'watch-failed', id, code: 'BAD_ARGUMENTS', details: { path, reason } });
      return;
    }
    if (this.#watches.size >= limits.watchesPerSessionMax) {
      throw protocolError('a session has more watches than it may');
    }
    const cancel = hub.watch(link.sessionId, {
      path,
      scope,
      from,
      afterRequest,
      deliver: (delivery) => this.#deliver(id, delivery),
    });
    this.#watches.set(id, cancel);
  }

  #unwatch(id: number): void {
    this.#watches.get(id)?.();
    this.#watches.delete(id);
  }

  #deliver(id: number, delivery: WatchDelivery): void {
    switch (delivery.kind) {
      case 'snapshot':
        this.#queue.snapshot({ ...delivery, id });
        return;
      case 'changes':
        this.#queue.changes({ ...delivery, id });
        return;
      case 'resumed':
        this.#send({ kind: 'resumed', id, zxid: delivery.zxid });
        return;
      case 'compacted':
      case 'too-large':
        this.#watches.delete(id);
        this.#send({ kind: 'watch-failed', id, ...watchFailure(delivery) });
        return;
    }
  }

  // --- what the link tells ---------------------------------------------------------------------------------

  #linkEvents(): LinkEvents {
    return {
      replies: (firstRequest, replies, { index }) => this.#replies(firstRequest, replies, index),
      durable: (index) => this.#send({ kind: 'durable', index }),
      reachable: (isReachable) => this.#send({ kind: 'reachable', isReachable }),
      confirmed: (sentAtMs) => this.#confirmed(sentAtMs),
      ended: (code) => {
        this.#send({ kind: 'ended', code });
        this.#end('the session has ended');
      },
      // Not the session has failed, but this peer: the session goes on at another one.
      failed: () => this.#end('this link is over'),
    };
  }

  #replies(firstRequest: number, replies: readonly Reply[], index: number): void {
    this.#batches.answered(firstRequest + replies.length - 1);
    const slim = replies.map(slimReply);
    const { zxid: seenZxid } = this.#serving.hub;
    for (let start = 0; start < slim.length; ) {
      const end = partEnd(slim, start, { bytesMax: repliesBytesMax, bytesOf: replyBytes });
      const part = slim.slice(start, end);
      const byteCount = part.reduce((sum, reply) => sum + replyBytes(reply), 0);
      this.#send(
        { kind: 'replies', firstRequest: firstRequest + start, index, seenZxid, replies: part },
        byteCount,
      );
      start = end;
    }
  }

  /** Of the touches that had arrived when the hub asked, the newest: it covers the others. */
  #confirmed(sentAtMs: number): void {
    const covered = this.#touches.filter(({ arrivedAtMs }) => arrivedAtMs <= sentAtMs);
    const newest = covered.at(-1);
    if (newest === undefined) return;
    this.#touches = this.#touches.slice(covered.length);
    this.#send({ kind: 'confirmed', id: newest.id });
  }

  // --- the end ---------------------------------------------------------------------------------------------

  #send(message: SessionAnswer, byteCount = smallBytes): void {
    if (this.#state.kind !== 'closed') this.#queue.message(message, byteCount);
  }

  /** Tells the session why it is not served, and ends the connection. */
  refuse(code: ErrorCode, details: ErrorDetails): void {
    if (this.#state.kind !== 'serving') this.#send({ kind: 'refused', code, details });
    this.#end(code);
  }

  #end(reason: string): void {
    if (this.#state.kind === 'closed') return;
    this.#serving.logger.debug({ connection: this.#connection, reason }, 'hangs up on a session');
    this.closed();
    this.#serving.hangUp(this.#connection);
  }
}
