/**
 * A member's end of the transport while it runs: its listener, its links to the other members, and the sessions
 * that it serves. After `close` it tells nothing any more.
 */
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { CoordinationError } from '@quorate/core';
import type { RefusedConnection, TransportEvents, TransportOwner } from '@quorate/core/ports';
import { Acceptance, type Candidate } from './acceptance.ts';
import { type Address, formatAddress, parseAddress } from './address.ts';
import { Admission } from './admission.ts';
import type { Channels } from './channel.ts';
import { Dial, type DialFailure } from './dial.ts';
import { type Introduction, lifeBytes } from './handshake-messages.ts';
import type { TcpLimits } from './limits.ts';
import { Listener } from './listener.ts';
import { type LinkHost, type LinkTarget, MemberLink } from './member-link.ts';
import { OpenConnections } from './open-connections.ts';
import { type Refusal, refusal } from './refusal.ts';
import { RefusalLog } from './refusal-log.ts';
import { ServedSessions } from './served-sessions.ts';

export interface EndpointOptions {
  readonly channels: Channels;
  readonly limits: TcpLimits;
  /** Default: this member's own address. */
  readonly listen: Address | undefined;
  /** Throws `BAD_ARGUMENTS` for an address that these channels must not listen on or dial. */
  readonly checkReach: (addresses: readonly Address[]) => void;
}

export class MemberEndpoint {
  readonly #options: EndpointOptions;
  readonly #owner: TransportOwner;
  readonly #events: TransportEvents;
  readonly #listenAddress: Address;
  readonly #introduction: Omit<Introduction, 'nonce'>;
  readonly #connections: OpenConnections;
  readonly #admission: Admission;
  readonly #refusals: RefusalLog;
  readonly #sessions: ServedSessions;
  readonly #links = new Map<string, MemberLink>();
  readonly #members: ReadonlySet<string>;
  #listener: Listener | undefined;
  #moment = 0;
  #isLive = true;

  /** @throws CoordinationError `BAD_ARGUMENTS` for addresses that cannot be used. */
  constructor(options: EndpointOptions, owner: TransportOwner, events: TransportEvents) {
    this.#options = options;
    this.#owner = owner;
    this.#events = events;
    const { limits } = options;
    const { member, ensemble, incarnation, frameBytesMax, logger } = owner;
    const addresses = this.#addresses();
    this.#listenAddress = options.listen ?? ownAddress(addresses, member);
    options.checkReach([this.#listenAddress, ...addresses.values()]);
    const life = randomBytes(lifeBytes);
    this.#introduction = { ensemble, member, incarnation, frameBytesMax, life };
    this.#connections = new OpenConnections(frameBytesMax, limits);
    this.#admission = new Admission(limits);
    addresses.delete(member);
    this.#members = new Set(addresses.keys());
    this.#refusals = new RefusalLog(this.#members, logger, (facts) => this.#tellRefused(facts));
    this.#sessions = new ServedSessions({
      connections: this.#connections,
      limits,
      tell: (call) => this.#tell(({ sessions }) => sessions !== undefined && call(sessions)),
    });
    const host = this.#linkHost();
    for (const [id, address] of addresses) this.#links.set(id, new MemberLink(host, { member: id, address }));
  }

  async start(): Promise<void> {
    const { logger } = this.#owner;
    const listener = await Listener.open({
      address: this.#listenAddress,
      logger,
      accepted: (socket) => this.#accepted(socket),
    });
    this.#listener = listener;
    try {
      // A name may lead elsewhere than it seems.
      if (listener.bound !== undefined) this.#options.checkReach([listener.bound]);
    } catch (error) {
      await listener.close();
      throw error;
    }
    if (!this.#isLive) {
      await listener.close();
      return;
    }
    for (const link of this.#links.values()) link.start();
  }

  send(to: string, bytes: Uint8Array): boolean {
    return this.#links.get(to)?.send(bytes) ?? false;
  }

  flush(): void {
    this.#connections.flush();
  }

  sendToSession(connection: number, bytes: Uint8Array): boolean {
    return this.#sessions.send(connection, bytes);
  }

  hangUpSession(connection: number): void {
    this.#sessions.hangUp(connection);
  }

  async close(isAbrupt: boolean): Promise<void> {
    this.#isLive = false;
    for (const link of this.#links.values()) link.close();
    this.#admission.endAll();
    const isFree = this.#listener?.close();
    await this.#connections.close(isAbrupt);
    this.#listener?.destroyAll();
    await isFree;
  }

  #addresses(): Map<string, Address> {
    const addresses = new Map<string, Address>();
    for (const [id, text] of Object.entries(this.#owner.members)) {
      // Alone, or with a place to listen, nobody needs its own address.
      if (id === this.#owner.member && text === '') continue;
      addresses.set(id, parseAddress(`members.${id}`, text));
    }
    return addresses;
  }

  // --- strangers ---------------------------------------------------------------------------------------------

  #accepted(raw: Socket): void {
    const host = raw.remoteAddress;
    const address = host === undefined ? 'a Unix socket' : `${host}:${raw.remotePort}`;
    // Gone before it was looked at.
    if (!this.#isLive || (host === undefined && this.#listenAddress.kind === 'tcp')) {
      raw.destroy();
      return;
    }
    this.#moment += 1;
    const beganAt = this.#moment;
    const key = host ?? '';
    const refused = (cause: Refusal, member: string | undefined): void =>
      this.#refusals.add({ member, address, host: key, refusal: cause });
    const acceptance: Acceptance = new Acceptance(
      {
        channels: this.#options.channels,
        raw,
        introduction: this.#introduction,
        terms: { members: this.#members, servesSessions: this.#events.sessions !== undefined },
        handshakeMsMax: this.#options.limits.handshakeMsMax,
      },
      {
        over: () => this.#admission.remove(key, acceptance),
        proven: (candidate) => {
          const cause = this.#place(candidate, host, beganAt);
          if (cause !== undefined) refused(cause, candidate.counterpart.member);
        },
        refused,
      },
    );
    this.#admission.add(key, acceptance);
  }

  /** The reason, if there is no place for somebody who is known now. */
  #place(candidate: Candidate, host: string | undefined, beganAt: number): Refusal | undefined {
    const { role, member } = candidate.counterpart;
    if (!this.#isLive) candidate.refuse('refused');
    else if (role === 'member') this.#links.get(member)?.offer(candidate, beganAt);
    else if (!this.#sessions.offer(candidate, host))
      return refusal('no-place', 'there are too many sessions');
    return undefined;
  }

  // --- members -----------------------------------------------------------------------------------------------

  #linkHost(): LinkHost {
    const { channels, limits } = this.#options;
    const { member } = this.#owner;
    return {
      member,
      nextMoment: () => {
        this.#moment += 1;
        return this.#moment;
      },
      dial: (target, events) =>
        new Dial(
          {
            channels,
            target: { ...target, role: 'member' },
            introduction: this.#introduction,
            handshakeMsMax: limits.handshakeMsMax,
          },
          events,
        ),
      open: (acquainted, events) =>
        this.#connections.open(acquainted, limits.queueBytesMax, { ...events, drained: () => undefined }),
      frame: (from, bytes) => this.#tell((events) => events.frame(from, bytes)),
      connected: (other) => this.#tell((events) => events.connected(other)),
      disconnected: (other) => this.#tell((events) => events.disconnected(other)),
      dialFailed: (target, failure) => this.#dialFailed(target, failure),
    };
  }

  #dialFailed({ member, address }: LinkTarget, failure: DialFailure): void {
    const text = formatAddress(address);
    if (failure.kind === 'refused') {
      this.#refusals.add({ member, address: text, host: text, refusal: failure.refusal });
    } else if (failure.kind === 'unreachable') {
      this.#owner.logger.debug({ member, address: text, reason: failure.reason }, 'a member was not reached');
    }
  }

  #tellRefused(facts: RefusedConnection): void {
    this.#tell((events) => events.refused?.(facts));
  }

  /** A listener that throws has a bug, which must not cost the others their frames. */
  #tell(call: (events: TransportEvents) => unknown): void {
    if (!this.#isLive) return;
    try {
      call(this.#events);
    } catch (error) {
      this.#owner.logger.error(
        { member: this.#owner.member, err: error },
        'a listener of the transport threw',
      );
    }
  }
}

function ownAddress(addresses: ReadonlyMap<string, Address>, member: string): Address {
  const address = addresses.get(member);
  if (address !== undefined) return address;
  const reason = 'neither given, nor is there an address of this member in `members`';
  throw new CoordinationError('BAD_ARGUMENTS', { details: { argument: 'listen', reason } });
}
