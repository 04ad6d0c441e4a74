/**
 * Joins the endpoints of a network: who is connected to whom, what is on its way, and its delivery.
 *
 * Frames and connection events wait in one queue and are handed out in one later turn of the event loop, so
 * many frames cost one turn, nothing is delivered inside `send`, and an end hears of a connection before the
 * first frame on it and after the last. What a cut or an abrupt end makes worthless is dropped when its turn
 * comes, so none of them has to search the queue.
 */
import { CoordinationError } from '@quorate/core';
import { connect, type Endpoint, type Link } from './endpoint.ts';
import type { FaultDecision, Faults } from './faults.ts';
import { Partitions, type Cut } from './partitions.ts';
import { SessionLines } from './session-lines.ts';
import { turnScheduler } from './platform.ts';
import { TurnQueue } from './turn-queue.ts';

export interface SwitchboardOptions {
  readonly faults: Faults | undefined;
  readonly queueFramesMax: number;
  readonly queueBytesMax: number;
}

type Item =
  | { readonly kind: 'frame'; readonly link: Link; readonly bytes: Uint8Array }
  /** The link's sender is told about its receiver. */
  | { readonly kind: 'connected'; readonly link: Link }
  | { readonly kind: 'disconnected'; readonly link: Link }
  /** Something on a line of a session. */
  | { readonly kind: 'line'; readonly call: () => void };

export class Switchboard {
  readonly partitions: Partitions = new Partitions();
  readonly sessions: SessionLines;
  readonly #options: SwitchboardOptions;
  readonly #endpoints = new Map<string, Map<string, Endpoint>>();
  readonly #queue = new TurnQueue<Item>();
  readonly #scheduleTurn: () => void;
  #isScheduled = false;

  constructor(options: SwitchboardOptions) {
    this.#options = options;
    this.#scheduleTurn = turnScheduler(() => this.#runTurn());
    this.sessions = new SessionLines({
      ...options,
      partitions: this.partitions,
      find: (ensemble, member) => this.#endpoints.get(ensemble)?.get(member),
      post: (call, heldTurns) => this.#push({ kind: 'line', call }, heldTurns),
    });
  }

  /** Throws `BAD_ARGUMENTS` if a live endpoint has the same id. */
  add(endpoint: Endpoint): void {
    const { ensemble, member } = endpoint;
    const endpoints = this.#endpoints.get(ensemble) ?? new Map<string, Endpoint>();
    if (endpoints.has(member)) {
      const reason = `member ${JSON.stringify(member)} is on this network already`;
      throw new CoordinationError('BAD_ARGUMENTS', { details: { argument: 'id', reason } });
    }
    this.#endpoints.set(ensemble, endpoints.set(member, endpoint));
    this.settle();
  }

  /** Safe to call twice. `isAbrupt` drops what the endpoint has sent and nobody has received yet. */
  remove(endpoint: Endpoint, isAbrupt: boolean): void {
    if (endpoint.isLive) {
      endpoint.isLive = false;
      this.#endpoints.get(endpoint.ensemble)?.delete(endpoint.member);
    }
    for (const { connection } of endpoint.links.values()) {
      connection.isBroken = true;
      connection.isDropped ||= isAbrupt;
    }
    this.sessions.remove(endpoint, isAbrupt);
    this.settle();
  }

  send(from: Endpoint, to: string, bytes: Uint8Array): boolean {
    const link = from.links.get(to);
    if (link === undefined || !from.isLive || bytes.length > from.frameBytesMax) return false;
    if (this.#isFull(link, bytes.length)) return false;
    if (this.partitions.between(from.member, to) !== undefined) return true;
    const decision = this.#options.faults?.({ from: from.member, to, bytes }) ?? 'deliver';
    this.#enqueue(link, bytes, decision);
    return true;
  }

  /**
   * Brings connections in line with who lives and what is cut; called after each change of either. An end
   * behind a silent cut is told nothing until the cut is healed.
   */
  settle(): void {
    for (const endpoints of this.#endpoints.values()) {
      for (const endpoint of endpoints.values()) this.#settleLinks(endpoint);
      for (const a of endpoints.values()) {
        for (const b of endpoints.values()) {
          if (a.member < b.member) this.#settlePair(a, b);
        }
      }
    }
    this.sessions.settle();
  }

  #settleLinks(endpoint: Endpoint): void {
    for (const [member, link] of endpoint.links) {
      if (this.#cutOf(link) === 'broken') {
        link.connection.isBroken = true;
        link.connection.isDropped = true;
      }
      if (!link.connection.isBroken) continue;
      // Whoever ended the connection says so over the way back, if that is open.
      if (this.partitions.between(member, endpoint.member) === 'silent') continue;
      endpoint.links.delete(member);
      this.#push({ kind: 'disconnected', link });
    }
  }

  #settlePair(a: Endpoint, b: Endpoint): void {
    if (a.links.has(b.member)) return;
    const isOpen =
      this.partitions.between(a.member, b.member) === undefined &&
      this.partitions.between(b.member, a.member) === undefined;
    if (!isOpen) return;
    for (const link of connect(a, b)) this.#push({ kind: 'connected', link });
  }

  #cutOf(link: Link): Cut | undefined {
    return this.partitions.between(link.from.member, link.to.member);
  }

  /** One frame of any permitted size passes an empty queue, or it never could. */
  #isFull(link: Link, byteCount: number): boolean {
    if (link.queuedFramesCount === 0) return false;
    return (
      link.queuedFramesCount >= this.#options.queueFramesMax ||
      link.queuedBytes + byteCount > this.#options.queueBytesMax
    );
  }

  #enqueue(link: Link, bytes: Uint8Array, decision: FaultDecision): void {
    if (decision === 'drop') return;
    if (decision === 'duplicate') {
      this.#pushFrame(link, bytes, 0);
      // Each delivery is its receiver's own.
      this.#pushFrame(link, bytes.slice(), 0);
      return;
    }
    this.#pushFrame(link, bytes, decision === 'deliver' ? 0 : decision.delayTurns);
  }

  #pushFrame(link: Link, bytes: Uint8Array, heldTurns: number): void {
    link.queuedFramesCount += 1;
    link.queuedBytes += bytes.length;
    this.#push({ kind: 'frame', link, bytes }, heldTurns);
  }

  #push(item: Item, heldTurns = 0): void {
    this.#queue.push(item, heldTurns);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#scheduleTurn();
  }

  #runTurn(): void {
    this.#isScheduled = false;
    for (const item of this.#queue.take()) this.#deliver(item);
    if (!this.#queue.isEmpty) this.#schedule();
  }

  #deliver(item: Item): void {
    if (item.kind === 'line') {
      item.call();
      return;
    }
    const { from, to, connection } = item.link;
    switch (item.kind) {
      case 'frame':
        item.link.queuedFramesCount -= 1;
        item.link.queuedBytes -= item.bytes.length;
        if (connection.isDropped || this.#cutOf(item.link) !== undefined) return;
        to.tell((events) => events.frame(from.member, item.bytes));
        return;
      case 'connected':
        from.tell((events) => events.connected(to.member));
        return;
      case 'disconnected':
        // Frames that were held back must not follow the end of their connection.
        connection.isDropped = true;
        from.tell((events) => events.disconnected(to.member));
        return;
    }
  }
}
