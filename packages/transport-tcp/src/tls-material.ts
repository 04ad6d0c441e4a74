/** Certificates and keys as they are now: given once or asked for each connection, read once for each change. */
import type { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { certificatesIn } from './certificate-names.ts';
import { secureOptions } from './secure-socket.ts';

/** PEM, as a text or as its bytes. */
export type Pem = string | Buffer;

/** Certificates and keys of one end, as PEM. */
export interface TlsMaterial {
  /** This end's certificate, intermediate ones after it. Its name (SAN DNS, else CN) is the member's id. */
  readonly cert: Pem;
  /** The private key to it. */
  readonly key: Pem;
  /** Opens an encrypted key. */
  readonly passphrase?: string;
  /** The authorities that vouch for members. Certificates of nobody else are accepted, the system's neither. */
  readonly ca: Pem | readonly Pem[];
  /** The authorities that vouch for sessions. Without any, sessions are refused. */
  readonly sessionCa?: Pem | readonly Pem[];
  /** Lists of certificates that were withdrawn, one for each authority. */
  readonly crl?: Pem | readonly Pem[];
}

/** Material, or what is asked for it at each new connection, so that it can be renewed without a restart. */
export type TlsSource = TlsMaterial | (() => TlsMaterial);

export const tlsVersion = 'TLSv1.3';

/** Material made ready for use. */
export interface ReadyMaterial {
  readonly clientContext: SecureContext;
  /** For those who dial us: both authorities may have signed what they show. */
  readonly serverOptions: SecureContextOptions;
  readonly memberAuthorities: readonly X509Certificate[];
  readonly sessionAuthorities: readonly X509Certificate[];
}

export class MaterialReader {
  readonly #source: TlsSource;
  #last: { readonly material: TlsMaterial; readonly ready: ReadyMaterial } | undefined;

  constructor(source: TlsSource) {
    this.#source = source;
  }

  /** The same value as long as the material is the same. @throws what the source or the platform throws. */
  current(): ReadyMaterial {
    const material = typeof this.#source === 'function' ? this.#source() : this.#source;
    const last = this.#last;
    if (last !== undefined && isSameMaterial(last.material, material)) return last.ready;
    const ready = makeReady(material);
    this.#last = { material: { ...material }, ready };
    return ready;
  }
}

function makeReady(material: TlsMaterial): ReadyMaterial {
  const { cert, key, passphrase, crl } = material;
  const members = listOf(material.ca);
  const sessions = listOf(material.sessionCa);
  const shared = {
    cert,
    key,
    minVersion: tlsVersion,
    secureOptions,
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(crl === undefined ? {} : { crl: [...listOf(crl)] }),
  } as const;
  return {
    // Whoever is dialled is a member.
    clientContext: createSecureContext({ ...shared, ca: [...members] }),
    serverOptions: { ...shared, ca: [...members, ...sessions] },
    memberAuthorities: members.flatMap((pem) => certificatesIn(pem.toString())),
    sessionAuthorities: sessions.flatMap((pem) => certificatesIn(pem.toString())),
  };
}

function listOf(pem: Pem | readonly Pem[] | undefined): readonly Pem[] {
  if (pem === undefined) return [];
  return typeof pem === 'string' || Buffer.isBuffer(pem) ? [pem] : pem;
}

function isSameMaterial(a: TlsMaterial, b: TlsMaterial): boolean {
  return (
    a.passphrase === b.passphrase &&
    isSameList(a.cert, b.cert) &&
    isSameList(a.key, b.key) &&
    isSameList(a.ca, b.ca) &&
    isSameList(a.sessionCa, b.sessionCa) &&
    isSameList(a.crl, b.crl)
  );
}

function isSameList(a: Pem | readonly Pem[] | undefined, b: Pem | readonly Pem[] | undefined): boolean {
  const [left, right] = [listOf(a), listOf(b)];
  return left.length === right.length && left.every((pem, at) => String(pem) === String(right[at]));
}
