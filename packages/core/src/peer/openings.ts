/** Sessions as they begin at this peer: through the log, or as this replica knows them already. */
import type { SystemOp } from '../codec/op.ts';
import { CoordinationError, type ErrorCode } from '../errors.ts';
import type { HolderClaim } from '../machine/contract.ts';
import type { Machine } from '../machine/machine.ts';
import type { Random } from '../ports/random.ts';
import type { WaitOptions } from '../session/api-types.ts';
import { notStarted } from './failures.ts';
import type { SystemCalls } from './system-calls.ts';

/** Bytes of a session's secret: beyond guessing. */
const secretBytes = 16;

/** A session that somebody holds. */
export interface OpenedSession {
  readonly sessionId: number;
  /** As granted. */
  readonly timeoutMs: number;
  readonly holder: number;
  /** The number that the holder uses next. */
  readonly nextRequest: number;
}

/** What is asked of the log before a session begins. */
export type Opening =
  | { readonly kind: 'open'; readonly secretHash: Uint8Array; readonly timeoutMs: number }
  | { readonly kind: 'resume'; readonly sessionId: number; readonly secretHash: Uint8Array };

/** Opens or resumes a session through the log. */
export async function openSession(
  system: SystemCalls,
  opening: Opening,
  wait: WaitOptions | undefined,
): Promise<OpenedSession> {
  const { secretHash } = opening;
  const op: SystemOp =
    opening.kind === 'open'
      ? { kind: 'open-session', secretHash, timeoutMs: opening.timeoutMs }
      : { kind: 'resume-session', sessionId: opening.sessionId, secretHash };
  const result = await system.run(op, wait);
  if (result.kind !== 'session') throw new CoordinationError('FATAL', { outcome: 'unknown' });
  return result;
}

/** The session of this holder as the replica knows it now, or why it is not. */
export function heldSession(machine: Machine, claim: HolderClaim): OpenedSession | ErrorCode {
  const problem = machine.holderProblem(claim);
  const session = machine.session(claim.sessionId);
  if (problem !== undefined || session === undefined) return problem ?? 'SESSION_EXPIRED';
  const { sessionId, timeoutMs, holder, lastRequest } = session;
  return { sessionId, timeoutMs, holder, nextRequest: lastRequest + 1 };
}

export function newSecret(random: Random): Uint8Array {
  try {
    return random.bytes(secretBytes);
  } catch (error) {
    throw notStarted('FATAL', error);
  }
}
