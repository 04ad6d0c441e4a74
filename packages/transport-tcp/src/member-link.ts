/**
 * The way to one other member: dials until there is a connection, keeps at most one, and decides between two
 * that were made at one moment (tie-break.ts). `connected` and `disconnected` alternate, beginning with the first.
 */
import type { Candidate } from './acceptance.ts';
import type { Address } from './address.ts';
import { BackOff } from './back-off.ts';
import type { Acquainted, Dial, DialEvents, DialFailure } from './dial.ts';
import type { FrameConnection } from './frame-connection.ts';
import { backOffMsMin, retireMsMax, steadyMs } from './limits.ts';
import { type Candidacy, decideTie, type Standing } from './tie-break.ts';

/** What a link needs of the transport that it belongs to. */
export interface LinkHost {
  readonly member: string;
  dial(target: LinkTarget, events: DialEvents): Dial;
  /** Makes a connection of a socket; `closed` is told from the event loop. */
  open(connection: Acquainted, events: LinkConnectionEvents): FrameConnection;
  /** Counts up: orders what happens here. */
  nextMoment(): number;
  frame(from: string, bytes: Uint8Array): void;
  connected(member: string): void;
  disconnected(member: string): void;
  dialFailed(target: LinkTarget, failure: DialFailure): void;
}

export interface LinkConnectionEvents {
  frame(bytes: Uint8Array): void;
  closed(reason: string): void;
}

export interface LinkTarget {
  readonly member: string;
  readonly address: Address;
}

interface Current extends Standing {
  readonly connection: FrameConnection;
  readonly sinceMs: number;
}

export class MemberLink {
  readonly #host: LinkHost;
  readonly #target: LinkTarget;
  readonly #smaller: string;
  readonly #backOff = new BackOff();
  #current: Current | undefined;
  #dial: Dial | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(host: LinkHost, target: LinkTarget) {
    this.#host = host;
    this.#target = target;
    this.#smaller = host.member < target.member ? host.member : target.member;
  }

  start(): void {
    this.#dialNow();
  }

  send(bytes: Uint8Array): boolean {
    return this.#current?.connection.send(bytes) ?? false;
  }

  /** The member dialled us and has proven that it is the one. */
  offer(candidate: Candidate, beganAt: number): void {
    const { member } = this.#target;
    const { life } = candidate.counterpart;
    const candidacy = { diallerMember: member, life: Buffer.from(life).toString('hex'), beganAt };
    const decision = this.#decide(candidacy);
    if (decision === 'keep') {
      candidate.refuse('superseded');
      return;
    }
    // Ours would lose against this one. Once confirmed it must go on: the other end may use it already.
    if (this.#smaller === member && this.#dial?.isConfirmed === false) this.#cancelDial();
    this.#establish(candidate.accept(), candidacy, decision === 'swap');
  }

  /** Ends everything at once, and tells nothing. Connections are closed by whoever opened them. */
  close(): void {
    this.#isClosed = true;
    this.#current = undefined;
    this.#cancelDial();
    clearTimeout(this.#timer);
  }

  #dialNow(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isClosed || this.#current !== undefined || this.#dial !== undefined) return;
    const beganAt = this.#host.nextMoment();
    this.#dial = this.#host.dial(this.#target, {
      acquainted: (acquainted) => {
        this.#dial = undefined;
        this.#dialled(acquainted, beganAt);
      },
      failed: (failure) => {
        this.#dial = undefined;
        this.#host.dialFailed(this.#target, failure);
        this.#dialLater(this.#backOff.next());
      },
    });
  }

  #dialLater(delayMs: number): void {
    if (this.#isClosed || this.#current !== undefined || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.#dialNow(), delayMs);
    this.#timer.unref();
  }

  #cancelDial(): void {
    this.#dial?.cancel();
    this.#dial = undefined;
  }

  #dialled(acquainted: Acquainted, beganAt: number): void {
    const life = Buffer.from(acquainted.counterpart.life).toString('hex');
    const candidacy = { diallerMember: this.#host.member, life, beganAt };
    const decision = this.#decide(candidacy);
    if (decision === 'keep') this.#receiveOnly(acquainted);
    else this.#establish(acquainted, candidacy, decision === 'swap');
  }

  /** The other end, which dialled the one that is kept, may have sent something here before it knew of both. */
  #receiveOnly(acquainted: Acquainted): void {
    const { member } = this.#target;
    const connection = this.#host.open(acquainted, {
      frame: (bytes) => this.#host.frame(member, bytes),
      closed: () => undefined,
    });
    connection.begin(acquainted.rest);
    setTimeout(() => connection.abandon(), retireMsMax).unref();
  }

  #decide(candidacy: Candidacy): ReturnType<typeof decideTie> {
    return this.#current === undefined ? 'replace' : decideTie(this.#current, candidacy, this.#smaller);
  }

  #establish(acquainted: Acquainted, candidacy: Candidacy, isSwap: boolean): void {
    const { member } = this.#target;
    const former = this.#current;
    const isRetired = former !== undefined && isSwap;
    if (former !== undefined && !isSwap) this.#drop(former);
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const connection = this.#host.open(acquainted, {
      frame: (bytes) => this.#host.frame(member, bytes),
      closed: () => this.#closed(connection),
    });
    const sinceMs = performance.now();
    this.#current = { ...candidacy, establishedAt: this.#host.nextMoment(), connection, sinceMs };
    if (isRetired) this.#retire(former);
    else this.#host.connected(member);
    connection.begin(acquainted.rest);
  }

  /** The member has given it up, or is another one now. */
  #drop(former: Current): void {
    this.#current = undefined;
    former.connection.abandon();
    this.#host.disconnected(this.#target.member);
  }

  /** Both ends have a better one. What is under way on this one still arrives. */
  #retire({ connection, diallerMember }: Current): void {
    // The end that dialled the better one knows first that both have it.
    if (diallerMember !== this.#host.member) connection.end();
    setTimeout(() => connection.abandon(), retireMsMax).unref();
  }

  #closed(connection: FrameConnection): void {
    const current = this.#current;
    if (current?.connection !== connection) return;
    this.#current = undefined;
    this.#host.disconnected(this.#target.member);
    if (performance.now() - current.sinceMs >= steadyMs) this.#backOff.reset();
    // One of the two dials first, so that they seldom meet.
    if (this.#smaller === this.#host.member && current.sinceMs + steadyMs <= performance.now())
      this.#dialNow();
    else this.#dialLater(this.#backOff.next() + backOffMsMin);
  }
}
