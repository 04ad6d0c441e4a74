/** Why a connection is not wanted: for machines, and in a sentence for operators; never for the other end. */

/** A closed set, so that refusals can be counted: what a stranger says has no influence on it. */
export type RefusalKind =
  | 'credentials'
  | 'unknown-member'
  | 'other-ensemble'
  | 'other-member'
  | 'wrong-role'
  | 'replayed'
  | 'version'
  | 'malformed'
  | 'too-slow'
  | 'no-place'
  | 'by-other-end';

export interface Refusal {
  readonly kind: RefusalKind;
  readonly code: 'AUTH_FAILED' | 'PROTOCOL' | 'UNSUPPORTED_VERSION';
  readonly reason: string;
}

const protocolKinds: ReadonlySet<RefusalKind> = new Set(['malformed', 'too-slow', 'no-place']);

export function refusal(kind: RefusalKind, reason: string): Refusal {
  const code =
    kind === 'version' ? 'UNSUPPORTED_VERSION' : protocolKinds.has(kind) ? 'PROTOCOL' : 'AUTH_FAILED';
  return { kind, code, reason };
}

export function isRefusal(value: object): value is Refusal {
  return 'code' in value && 'reason' in value;
}
