/**
 * The lines between sessions without a replica and the peers that serve them: dialling, frames, hanging up, and
 * what cuts do to them.
 *
 * All of it waits in the switchboard's queue, so nothing is told inside a call, and an end hears of a line before
 * its first frame and after its last. A cut between a session and a peer is one between their names.
 */
import type { Endpoint } from './endpoint.ts';
import type { FaultDecision, Faults } from './faults.ts';
import type { Partitions } from './partitions.ts';
import { openLine, type Dialer, type Line, type LineEnd } from './session-line.ts';

export interface SessionLinesOptions {
  readonly faults: Faults | undefined;
  readonly queueFramesMax: number;
  readonly queueBytesMax: number;
  readonly partitions: Partitions;
  /** The live member of this name. */
  find(ensemble: string, member: string): Endpoint | undefined;
  /** Calls back in the next turn, or so many turns later. */
  post(call: () => void, heldTurns?: number): void;
}

type Side = 'sessionEnd' | 'peerEnd';

export class SessionLines {
  readonly #options: SessionLinesOptions;
  readonly #lines = new Set<Line>();

  constructor(options: SessionLinesOptions) {
    this.#options = options;
  }

  /** One attempt. A silent cut answers like a refusal: this network has no clock to wait by. */
  dial(dialer: Dialer, peer: string): void {
    if (dialer.isClosed) return;
    this.hangUp(dialer, false);
    const { attempt } = dialer;
    this.#options.post(() => {
      if (dialer.attempt !== attempt) return;
      const refusal = this.#connect(dialer, peer);
      if (refusal === undefined) return;
      tell(dialer, () => dialer.events.disconnected(peer, refusal));
    });
  }

  /** No event follows at this end. `isAbrupt` drops what it has sent and the peer has not received yet. */
  hangUp(dialer: Dialer, isAbrupt: boolean): void {
    dialer.attempt += 1;
    const { line } = dialer;
    if (line === undefined) return;
    dialer.line = undefined;
    line.sessionEnd.state = 'closed';
    line.isDropped ||= isAbrupt;
    this.#settleLine(line);
  }

  sendToPeer(dialer: Dialer, bytes: Uint8Array): boolean {
    const { line } = dialer;
    if (line === undefined || bytes.length > dialer.owner.frameBytesMax) return false;
    return this.#send(line, 'sessionEnd', bytes);
  }

  sendToSession(endpoint: Endpoint, connection: number, bytes: Uint8Array): boolean {
    const line = endpoint.lines.get(connection);
    if (line === undefined || !endpoint.isLive || bytes.length > endpoint.frameBytesMax) return false;
    return this.#send(line, 'peerEnd', bytes);
  }

  hangUpSession(endpoint: Endpoint, connection: number): void {
    const line = endpoint.lines.get(connection);
    if (line === undefined) return;
    endpoint.lines.delete(connection);
    line.peerEnd.state = 'closed';
    this.#settleLine(line);
  }

  /** The peer is gone. */
  remove(endpoint: Endpoint, isAbrupt: boolean): void {
    for (const line of [...endpoint.lines.values()]) {
      line.isDropped ||= isAbrupt;
      line.cause = 'the peer is gone';
      this.hangUpSession(endpoint, line.connection);
    }
  }

  /** After each change of what is cut. */
  settle(): void {
    for (const line of this.#lines) {
      const isBroken =
        this.#cutFrom(line, 'sessionEnd') === 'broken' || this.#cutFrom(line, 'peerEnd') === 'broken';
      if (isBroken) this.#break(line);
      else this.#settleLine(line);
    }
  }

  /** Why there is no line to this peer; undefined: there is one now. */
  #connect(dialer: Dialer, peer: string): string | undefined {
    const { partitions } = this.#options;
    const endpoint = this.#options.find(dialer.owner.ensemble, peer);
    if (endpoint === undefined) return 'nobody answers';
    const isCut =
      partitions.between(dialer.name, peer) !== undefined ||
      partitions.between(peer, dialer.name) !== undefined;
    if (isCut) return 'nobody answers';
    if (!endpoint.servesSessions) return 'the peer serves no sessions';
    const line = openLine(dialer, endpoint, endpoint.nextConnection());
    this.#lines.add(line);
    dialer.line = line;
    endpoint.lines.set(line.connection, line);
    endpoint.tell((events) => events.sessions?.opened(line.connection));
    if (dialer.line === line) tell(dialer, () => dialer.events.connected(peer));
    return undefined;
  }

  /** Both ends are told, whatever is cut: the cable itself is down. */
  #break(line: Line): void {
    line.isDropped = true;
    line.cause = 'the connection broke';
    this.#endLater(line, 'sessionEnd');
    this.#endLater(line, 'peerEnd');
  }

  /** Whoever is gone says so over the way from there, if that is open. */
  #settleLine(line: Line): void {
    const { sessionEnd, peerEnd } = line;
    if (sessionEnd.state === 'closed' && this.#cutFrom(line, 'sessionEnd') === undefined)
      this.#endLater(line, 'peerEnd');
    if (peerEnd.state === 'closed' && this.#cutFrom(line, 'peerEnd') === undefined)
      this.#endLater(line, 'sessionEnd');
    if (sessionEnd.state === 'closed' && peerEnd.state === 'closed') this.#lines.delete(line);
  }

  #endLater(line: Line, side: Side): void {
    const end = line[side];
    if (end.state !== 'open') return;
    end.state = 'ending';
    this.#options.post(() => {
      if (end.state === 'closed') return;
      end.state = 'closed';
      this.#tellEnd(line, side);
      this.#settleLine(line);
    });
  }

  #tellEnd(line: Line, side: Side): void {
    const { dialer, endpoint, connection, cause } = line;
    if (side === 'peerEnd') {
      endpoint.lines.delete(connection);
      endpoint.tell((events) => events.sessions?.closed(connection));
      return;
    }
    if (dialer.line !== line) return;
    dialer.line = undefined;
    tell(dialer, () => dialer.events.disconnected(endpoint.member, cause));
  }

  #send(line: Line, from: Side, bytes: Uint8Array): boolean {
    const end = line[from];
    if (end.state !== 'open') return false;
    if (this.#isFull(end, bytes.length)) {
      end.isWaiting = true;
      return false;
    }
    if (this.#cutFrom(line, from) !== undefined) return true;
    const names = [line.dialer.name, line.endpoint.member] as const;
    const [sender, receiver] = from === 'sessionEnd' ? names : [names[1], names[0]];
    const decision = this.#options.faults?.({ from: sender, to: receiver, bytes }) ?? 'deliver';
    this.#enqueue(line, { from, bytes }, decision);
    return true;
  }

  #isFull(end: LineEnd, byteCount: number): boolean {
    if (end.queuedFramesCount === 0) return false;
    const { queueFramesMax, queueBytesMax } = this.#options;
    return end.queuedFramesCount >= queueFramesMax || end.queuedBytes + byteCount > queueBytesMax;
  }

  #enqueue(line: Line, frame: SentFrame, decision: FaultDecision): void {
    if (decision === 'drop') return;
    if (typeof decision === 'object') {
      this.#postFrame(line, frame, decision.delayTurns);
      return;
    }
    this.#postFrame(line, frame, 0);
    // Each delivery is its receiver's own.
    if (decision === 'duplicate') this.#postFrame(line, { ...frame, bytes: frame.bytes.slice() }, 0);
  }

  #postFrame(line: Line, { from, bytes }: SentFrame, heldTurns: number): void {
    const end = line[from];
    end.queuedFramesCount += 1;
    end.queuedBytes += bytes.length;
    this.#options.post(() => {
      end.queuedFramesCount -= 1;
      end.queuedBytes -= bytes.length;
      if (!line.isDropped && this.#cutFrom(line, from) === undefined) this.#deliver(line, from, bytes);
      if (end.queuedFramesCount === 0) this.#drained(line, from);
    }, heldTurns);
  }

  #deliver({ dialer, endpoint, connection, sessionEnd, peerEnd }: Line, from: Side, bytes: Uint8Array): void {
    if (from === 'sessionEnd') {
      if (peerEnd.state !== 'closed') endpoint.tell((events) => events.sessions?.frame(connection, bytes));
    } else if (sessionEnd.state !== 'closed') tell(dialer, () => dialer.events.frame(bytes));
  }

  #drained(line: Line, side: Side): void {
    const { dialer, endpoint, connection } = line;
    const end = line[side];
    if (!end.isWaiting || end.state !== 'open') return;
    end.isWaiting = false;
    if (side === 'sessionEnd') tell(dialer, () => dialer.events.drained());
    else endpoint.tell((events) => events.sessions?.drained(connection));
  }

  #cutFrom(line: Line, side: Side): 'silent' | 'broken' | undefined {
    const { partitions } = this.#options;
    const { dialer, endpoint } = line;
    return side === 'sessionEnd'
      ? partitions.between(dialer.name, endpoint.member)
      : partitions.between(endpoint.member, dialer.name);
  }
}

interface SentFrame {
  readonly from: Side;
  readonly bytes: Uint8Array;
}

/** A listener that throws has a bug, which must not cost others their frames. */
function tell(dialer: Dialer, call: () => void): void {
  if (dialer.isClosed) return;
  try {
    call();
  } catch (error) {
    dialer.owner.logger.error({ session: dialer.name, err: error }, 'a listener of the transport threw');
  }
}
