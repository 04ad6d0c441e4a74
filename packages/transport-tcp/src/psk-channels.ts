/**
 * Channels under a pre-shared key: TLS 1.2 with ECDHE-PSK, the newest that Node offers for such keys. It
 * encrypts, proves that both ends hold the key, and keeps what was said secret should the key leak later
 * (docs/adr/0014-psk-over-tls.md). Each role has a key of its own, so one for sessions opens no member's door.
 */
import { hkdfSync } from 'node:crypto';
import type { Socket } from 'node:net';
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { type ChannelEvents, type Channels, connectOptions, type DialTarget } from './channel.ts';
import type { Role } from './handshake-messages.ts';
import { refusal } from './refusal.ts';
import { secureAccepted, secureDialled, secureOptions } from './secure-socket.ts';

/** By role: 32 bytes each. A role without a key is refused. */
export type PskKeys = Readonly<Partial<Record<Role, Uint8Array>>>;

const tlsVersion = 'TLSv1.2';
const ciphers = 'ECDHE-PSK-CHACHA20-POLY1305';
const identities: Readonly<Record<string, Role>> = {
  'quorate member 1': 'member',
  'quorate session 1': 'session',
};

/** Keys for use on the wire. A secret that is given for both roles becomes two keys, and never travels itself. */
export function derivePsk(secret: Uint8Array, role: Role): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, new Uint8Array(0), `quorate psk ${role} 1`, 32));
}

export class PskChannels implements Channels {
  readonly #keys: PskKeys;
  readonly #context: SecureContext;

  constructor(keys: PskKeys) {
    this.#keys = keys;
    this.#context = createSecureContext({
      minVersion: tlsVersion,
      maxVersion: tlsVersion,
      ciphers,
      secureOptions,
    });
  }

  dial(target: DialTarget, events: ChannelEvents): Socket {
    const { role } = target;
    const identity = Object.keys(identities).find((name) => identities[name] === role) ?? '';
    const socket = connect({
      ...connectOptions(target.address),
      secureContext: this.#context,
      minVersion: tlsVersion,
      maxVersion: tlsVersion,
      ciphers,
      pskCallback: () => ({ identity, psk: this.#keys[role] ?? new Uint8Array(0) }),
      // There is no certificate to compare: the key says all.
      checkServerIdentity: () => undefined,
    });
    secureDialled(socket, events, () => ({ kind: 'key', role }));
    return socket;
  }

  accept(raw: Socket, events: ChannelEvents): void {
    let role: Role | undefined;
    const options = {
      secureContext: this.#context,
      pskCallback: (_socket: TLSSocket, identity: string): Uint8Array | null => {
        role = Object.hasOwn(identities, identity) ? identities[identity] : undefined;
        return (role === undefined ? undefined : this.#keys[role]) ?? null;
      },
    };
    secureAccepted({ raw, options }, events, () =>
      role === undefined ? refusal('credentials', 'it used no key') : { kind: 'key', role },
    );
  }
}
