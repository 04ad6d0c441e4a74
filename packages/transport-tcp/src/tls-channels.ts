/**
 * Channels under certificates: TLS 1.3, mutual. The name in a certificate is what its holder may call itself,
 * compared exactly (certificate-names.ts), and the authority that vouches for it decides which role it may have.
 *
 * The TLS server never listens: connections that our listener accepted are put into it, so that every limit
 * holds before any work of TLS is done.
 */
import type { Socket } from 'node:net';
import { connect, createServer, type Server, type TLSSocket } from 'node:tls';
import { CoordinationError } from '@quorate/core';
import { isIssuedUnder, namesOf } from './certificate-names.ts';
import {
  type ChannelEvents,
  type Channels,
  connectOptions,
  type DialTarget,
  ignoreErrors,
  messageOf,
} from './channel.ts';
import type { Role } from './handshake-messages.ts';
import type { Identity } from './identity.ts';
import { isRefusal, type Refusal, refusal } from './refusal.ts';
import { bindingKeyOf, failureOf, secureDialled } from './secure-socket.ts';
import { MaterialReader, type ReadyMaterial, type TlsSource, tlsVersion } from './tls-material.ts';

/** What became of a connection that was put into the TLS server. Undefined: it ended. */
type Secured = TLSSocket | Error | undefined;

export class TlsChannels implements Channels {
  readonly #reader: MaterialReader;
  readonly #server: Server;
  /** Connections that are being secured, by the other end's address and port: all by which TLS names them. */
  readonly #waiting = new Map<string, (secured: Secured) => void>();
  #inUse: ReadyMaterial;

  /** @throws CoordinationError `BAD_ARGUMENTS` if the material cannot be used. */
  constructor(source: TlsSource) {
    this.#reader = new MaterialReader(source);
    try {
      this.#inUse = this.#reader.current();
      this.#server = createServer({
        ...this.#inUse.serverOptions,
        requestCert: true,
        // `accept` refuses it, and knows why.
        rejectUnauthorized: false,
      });
    } catch (cause) {
      const reason = `certificates or key cannot be used: ${messageOf(cause)}`;
      throw new CoordinationError('BAD_ARGUMENTS', { details: { argument: 'tls', reason }, cause });
    }
    this.#server.on('secureConnection', (socket) => this.#settle(socket, socket));
    this.#server.on('tlsClientError', (error, socket) => this.#settle(socket, error));
  }

  dial(target: DialTarget, events: ChannelEvents): Socket {
    const socket = connect({
      ...connectOptions(target.address),
      secureContext: this.#reader.current().clientContext,
      minVersion: tlsVersion,
      rejectUnauthorized: true,
      checkServerIdentity: (_host, certificate) =>
        namesOf(certificate).includes(target.member) ? undefined : misnamed(target.member),
    });
    secureDialled(socket, events, () => {
      if (!socket.authorized) return refusal('credentials', 'its certificate cannot be trusted');
      return { kind: 'certificate', names: namesOf(socket.getPeerCertificate()), roles: ['member'] };
    });
    return socket;
  }

  accept(raw: Socket, events: ChannelEvents): void {
    ignoreErrors(raw);
    const key = keyOf(raw);
    const ended = (): void => settle(undefined);
    const settle = (secured: Secured): void => {
      this.#waiting.delete(key);
      raw.off('close', ended);
      if (secured === undefined) events.failed('the connection ended');
      else if (secured instanceof Error) events.failed(failureOf(secured));
      else this.#open(secured, events);
    };
    raw.once('close', ended);
    this.#waiting.set(key, settle);
    try {
      this.#renew();
      this.#server.emit('connection', raw);
    } catch (cause) {
      // The function that gives our certificates has thrown, or gave something useless.
      queueMicrotask(() => settle(new CoordinationError('FATAL', { details: { reason: messageOf(cause) } })));
    }
  }

  #settle(socket: TLSSocket, secured: TLSSocket | Error): void {
    const settle = this.#waiting.get(keyOf(socket));
    if (settle === undefined) socket.destroy();
    else settle(secured);
  }

  #open(socket: TLSSocket, events: ChannelEvents): void {
    ignoreErrors(socket);
    const identity = this.#identityOf(socket);
    if (!isRefusal(identity)) {
      events.open(socket, { identity, bindingKey: bindingKeyOf(socket) });
      return;
    }
    socket.destroy();
    events.failed(identity);
  }

  /** Default-deny: a certificate that was verified, and the roles that its authority may give. */
  #identityOf(socket: TLSSocket): Identity | Refusal {
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) return refusal('credentials', 'it showed no certificate');
    if (!socket.authorized) {
      return refusal(
        'credentials',
        `its certificate cannot be trusted: ${messageOf(socket.authorizationError)}`,
      );
    }
    const { memberAuthorities, sessionAuthorities } = this.#inUse;
    const roles: Role[] = [];
    if (isIssuedUnder(certificate, memberAuthorities)) roles.push('member');
    if (isIssuedUnder(certificate, sessionAuthorities)) roles.push('session');
    return { kind: 'certificate', names: namesOf(socket.getPeerCertificate()), roles };
  }

  #renew(): void {
    const current = this.#reader.current();
    if (current === this.#inUse) return;
    this.#server.setSecureContext(current.serverOptions);
    this.#inUse = current;
  }
}

function keyOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}

function misnamed(member: string): CoordinationError {
  const reason = `its certificate does not name ${JSON.stringify(member)}`;
  return new CoordinationError('AUTH_FAILED', { details: { reason } });
}
