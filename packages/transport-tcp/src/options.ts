/** What `tcpTransport` takes, checked once: nothing starts that is not secured on purpose, or left open on purpose. */
import { CoordinationError } from '@quorate/core';
import { type Address, formatAddress, isLocal, parseAddress } from './address.ts';
import type { Channels } from './channel.ts';
import type { Role } from './handshake-messages.ts';
import { insecureChannels } from './insecure-channels.ts';
import { checkedLimits, pskBytesMin, type TcpLimits } from './limits.ts';
import type { EndpointOptions } from './member-endpoint.ts';
import { derivePsk, PskChannels } from './psk-channels.ts';
import { TlsChannels } from './tls-channels.ts';
import type { TlsSource } from './tls-material.ts';

/** A secret that both ends hold: at least 16 bytes, better 32 random ones. A text counts as its UTF-8 bytes. */
export type PskSecret = string | Uint8Array;

/**
 * Keys by role. A member holds `member`, and `session` if it serves sessions; a process with sessions only holds
 * `session` and can never pretend to be a member.
 */
export interface PskSecrets {
  readonly member?: PskSecret;
  readonly session?: PskSecret;
}

/** How a transport over TCP is made. Exactly one of `tls`, `psk` and `insecure` is needed. */
export interface TcpTransportOptions {
  /**
   * Where to listen: `host:port`, `[ipv6]:port`, or the path of a Unix socket (with a slash). Default: this
   * member's address in `members`. Sessions without a replica do not listen.
   */
  readonly listen?: string;
  /** Certificates: TLS 1.3, mutual. Needs TCP addresses. */
  readonly tls?: TlsSource;
  /** One secret for both roles, or one for each. */
  readonly psk?: PskSecret | PskSecrets;
  /** True: no secrets and no encryption, on this machine only. */
  readonly insecure?: boolean;
  /** Bounds that differ from the defaults. */
  readonly limits?: Partial<TcpLimits>;
}

/** @throws CoordinationError `BAD_ARGUMENTS`. */
export function checkedOptions(options: TcpTransportOptions): EndpointOptions {
  if (typeof options !== 'object' || options === null) throw bad('options', 'not an object');
  const { listen, tls, psk, insecure = false, limits = {} } = options;
  if (typeof insecure !== 'boolean') throw bad('insecure', 'it is true or false');
  const chosenCount = [tls !== undefined, psk !== undefined, insecure].filter(Boolean).length;
  if (chosenCount !== 1) {
    throw bad('psk', 'give exactly one of `tls`, `psk` and, for one machine only, `insecure: true`');
  }
  const address = listen === undefined ? undefined : parseAddress('listen', listen);
  const checked: EndpointOptions = {
    channels:
      tls !== undefined ? new TlsChannels(tls) : psk === undefined ? insecureChannels : pskChannels(psk),
    limits: checkedLimits(limits),
    listen: address,
    checkReach: (addresses) => {
      for (const each of addresses) checkAddress(each, { insecure, isTls: tls !== undefined });
    },
  };
  if (address !== undefined) checked.checkReach([address]);
  return checked;
}

function checkAddress(
  address: Address,
  { insecure, isTls }: { readonly insecure: boolean; readonly isTls: boolean },
): void {
  if (insecure && !isLocal(address)) {
    const reach = 'insecure: true reaches this machine only: 127.0.0.1, [::1], localhost, or a Unix socket';
    throw bad('insecure', `${reach}; ${formatAddress(address)} needs tls or psk`);
  }
  if (isTls && address.kind === 'unix') throw bad('tls', 'a Unix socket needs psk or insecure: true instead');
}

function pskChannels(psk: PskSecret | PskSecrets): Channels {
  const secrets: PskSecrets =
    typeof psk === 'string' || psk instanceof Uint8Array ? { member: psk, session: psk } : psk;
  const { member, session } = secrets;
  if (member === undefined && session === undefined)
    throw bad('psk', 'neither a key for members nor for sessions');
  return new PskChannels({
    ...(member === undefined ? {} : { member: keyOf('member', member) }),
    ...(session === undefined ? {} : { session: keyOf('session', session) }),
  });
}

function keyOf(role: Role, secret: PskSecret): Uint8Array {
  const bytes = typeof secret === 'string' ? Buffer.from(secret, 'utf8') : secret;
  if (bytes instanceof Uint8Array && bytes.length >= pskBytesMin) return derivePsk(bytes, role);
  throw bad(`psk.${role}`, `a key has at least ${pskBytesMin} bytes; use 32 random ones`);
}

function bad(argument: string, reason: string): CoordinationError {
  return new CoordinationError('BAD_ARGUMENTS', { details: { argument, reason } });
}
