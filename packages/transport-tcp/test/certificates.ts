/** The certificates of these tests (certificates/make.sh). */
import { readFileSync } from 'node:fs';
import type { TlsMaterial } from '../src/index.ts';

function pem(name: string): string {
  return readFileSync(new URL(`certificates/${name}`, import.meta.url), 'utf8');
}

export const memberCa: string = pem('members.pem');
export const sessionCa: string = pem('sessions.pem');
export const strangersCa: string = pem('strangers.pem');

/** What the holder of this certificate starts with; it trusts the right authorities. */
export function materialOf(name: string, more: Partial<TlsMaterial> = {}): TlsMaterial {
  return { cert: pem(`${name}.pem`), key: pem(`${name}.key`), ca: memberCa, sessionCa, ...more };
}
