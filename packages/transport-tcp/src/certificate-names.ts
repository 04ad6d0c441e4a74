/**
 * What a certificate calls its holder, and whose word that is. Names are compared exactly, with their case:
 * no wildcards, no look-ups, and what cannot be read for certain is no name.
 */
import { X509Certificate } from 'node:crypto';
import type { PeerCertificate } from 'node:tls';

/** Longest way from a certificate to its authority. */
const chainMax = 8;

/** The DNS names of the subject alternative name; only without any such extension, the common name. */
export function namesOf(
  certificate: Partial<Pick<PeerCertificate, 'subjectaltname' | 'subject'>>,
): readonly string[] {
  const { subjectaltname, subject } = certificate;
  if (subjectaltname !== undefined) return dnsNames(subjectaltname);
  const commonName: unknown = subject?.CN;
  return typeof commonName === 'string' ? [commonName] : [];
}

/** `DNS:a, DNS:"b\u002c"`: a value with unusual characters is quoted, so that it cannot pretend to be two. */
function dnsNames(text: string): readonly string[] {
  const names: string[] = [];
  const entry = /(?:^|, )([^:,"]+):("(?:[^"\\]|\\.)*"|[^,"]*)/y;
  let end = 0;
  for (let match = entry.exec(text); match !== null; match = entry.exec(text)) {
    end = entry.lastIndex;
    const [, type, value = ''] = match;
    const name = value.startsWith('"') ? unquoted(value) : value;
    if (type === 'DNS' && name !== undefined && name !== '') names.push(name);
    if (end === text.length) break;
  }
  return end === text.length ? names : [];
}

function unquoted(value: string): string | undefined {
  try {
    const text: unknown = JSON.parse(value);
    return typeof text === 'string' ? text : undefined;
  } catch {
    return undefined;
  }
}

/** All certificates of a text in PEM. @throws Error of the platform for one that cannot be read. */
export function certificatesIn(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}

/**
 * Which of the authorities that are trusted here vouches for a certificate that TLS has verified already:
 * validity and signatures up to some authority are not judged again, only whose they are.
 */
export function isIssuedUnder(leaf: X509Certificate, authorities: readonly X509Certificate[]): boolean {
  let certificate: X509Certificate | undefined = leaf;
  for (let step = 0; step < chainMax && certificate !== undefined; step += 1) {
    const { issuerCertificate, fingerprint256 }: X509Certificate = certificate;
    for (const authority of authorities) {
      if (step > 0 && fingerprint256 === authority.fingerprint256) return true;
      if (certificate.checkIssued(authority) && certificate.verify(authority.publicKey)) return true;
    }
    // What the other end sent as its issuer counts only if it has signed.
    if (issuerCertificate === undefined || !certificate.verify(issuerCertificate.publicKey)) return false;
    certificate = issuerCertificate;
  }
  return false;
}
