/** What the two kinds of TLS channels share: from a connection to a channel, and what its failures mean. */
import { constants } from 'node:crypto';
import type { Socket } from 'node:net';
import { CoordinationError } from '@quorate/core';
import { TLSSocket, type TLSSocketOptions } from 'node:tls';
import { type ChannelEvents, ignoreErrors } from './channel.ts';
import type { Identity } from './identity.ts';
import { isRefusal, type Refusal, refusal } from './refusal.ts';

/** Says what the channel proves, once its TLS handshake is over. */
export type Prover = (socket: TLSSocket) => Identity | Refusal;

/**
 * Every connection proves anew who it is: a resumed TLS session would carry over a certificate that has expired
 * or was withdrawn since. And it proves it once: renegotiation costs the server much and the client little.
 */
export const secureOptions: number = constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION;

const bindingLabel = 'EXPORTER-quorate-handshake-1';
const bindingBytes = 32;

export function secureDialled(socket: TLSSocket, events: ChannelEvents, prove: Prover): void {
  settle(socket, { secured: 'secureConnect', failed: ['error', 'close'] }, { events, prove });
}

export interface AcceptedConnection {
  readonly raw: Socket;
  readonly options: TLSSocketOptions & { readonly pskCallback?: unknown };
}

export function secureAccepted(accepted: AcceptedConnection, events: ChannelEvents, prove: Prover): void {
  const { raw, options } = accepted;
  ignoreErrors(raw);
  const socket = new TLSSocket(raw, { ...options, isServer: true });
  // A TLSSocket made by hand tells of a failed TLS handshake by an event of its own.
  settle(socket, { secured: 'secure', failed: ['_tlsError', 'error', 'close'] }, { events, prove });
}

/** A secret of this one channel (RFC 5705): both ends have it, and nobody between them. */
export function bindingKeyOf(socket: TLSSocket): Uint8Array {
  return socket.exportKeyingMaterial(bindingBytes, bindingLabel, Buffer.alloc(0));
}

interface Watched {
  readonly secured: string;
  readonly failed: readonly string[];
}

function settle(
  socket: TLSSocket,
  watched: Watched,
  { events, prove }: { readonly events: ChannelEvents; readonly prove: Prover },
): void {
  ignoreErrors(socket);
  const stop = (): void => {
    socket.off(watched.secured, secured);
    for (const event of watched.failed) socket.off(event, failed);
  };
  const failed = (error?: unknown): void => {
    stop();
    socket.destroy();
    events.failed(error instanceof Error ? failureOf(error) : 'the connection ended');
  };
  const secured = (): void => {
    stop();
    const proven = prove(socket);
    if (isRefusal(proven)) {
      socket.destroy();
      events.failed(proven);
      return;
    }
    events.open(socket, { identity: proven, bindingKey: bindingKeyOf(socket) });
  };
  socket.once(watched.secured, secured);
  for (const event of watched.failed) socket.once(event, failed);
}

/** TLS failures that are about keys and certificates; everything else is a network that failed. */
const credentialCodes: ReadonlyMap<string, string> = new Map([
  ['ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC', 'it holds another key'],
  ['ERR_SSL_SSLV3_ALERT_BAD_RECORD_MAC', 'the other end holds another key'],
  ['ERR_SSL_PSK_IDENTITY_NOT_FOUND', 'there is no key for what it wants to be'],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_PSK_IDENTITY', 'the other end has no key for this role'],
]);

export function failureOf(error: Error): Refusal | string {
  if (error instanceof CoordinationError)
    return refusal('credentials', error.details.reason ?? error.message);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const known = credentialCodes.get(code);
  if (known !== undefined) return refusal('credentials', known);
  if (/ALERT|CERT|ISSUER|SIGNATURE|ALTNAME|PSK/.test(code)) {
    return refusal('credentials', `its credentials, or ours, were refused: ${code}`);
  }
  if (code.startsWith('ERR_SSL_')) return refusal('malformed', `it speaks no TLS that fits: ${code}`);
  return error.message;
}
