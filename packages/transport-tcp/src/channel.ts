/**
 * How a connection becomes a channel: bytes in both directions, with what is proven about the other end. There
 * is one implementation for each kind of credentials (insecure-channels.ts, psk-channels.ts, tls-channels.ts).
 */
import type { NetConnectOpts, Socket } from 'node:net';
import type { Address } from './address.ts';
import type { ChannelFacts } from './handshake.ts';
import type { Role } from './handshake-messages.ts';
import type { Refusal } from './refusal.ts';

/** One of the two is called, once, from the event loop. */
export interface ChannelEvents {
  /** Bytes may flow. From here on the socket is the caller's. */
  open(socket: Socket, facts: ChannelFacts): void;
  /** A refusal: the other end's credentials, or ours, are not good. Text: it could not be reached, or it left. */
  failed(cause: Refusal | string): void;
}

export interface DialTarget {
  readonly address: Address;
  /** Id of the member that should answer. */
  readonly member: string;
  /** What the dialler is. */
  readonly role: Role;
}

export interface Channels {
  /** Answers the socket, so that it can be destroyed; its errors are handled for as long as it lives. */
  dial(target: DialTarget, events: ChannelEvents): Socket;
  /** The same for a connection that was accepted. Whoever destroys `raw` ends the channel. */
  accept(raw: Socket, events: ChannelEvents): void;
}

export function connectOptions(address: Address): NetConnectOpts {
  return address.kind === 'unix'
    ? { path: address.path }
    : { host: address.host, port: address.port, noDelay: true, keepAlive: true };
}

/** An error of a socket that nobody listens to would end the process. */
export function ignoreErrors(socket: Socket): void {
  socket.on('error', () => undefined);
}

/** What was thrown, in words. */
export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
