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

/** What the opening of a session needs of its peer. */
export interface Openings {
  readonly system: SystemCalls;
  /** Of the replica as it is now; a received snapshot brings another one. */
  readonly machine: () => Machine;
  readonly now: () => number;
}

/**
 * Opens or resumes a session through the log. A resumption names the holder that it takes the session from; if
 * somebody was faster, or this replica did not know better yet, it tries again with what it knows then.
 */
export async function openSession(
  { system, machine, now }: Openings,
  opening: Opening,
  wait: WaitOptions | undefined,
): Promise<OpenedSession> {
  const startedAtMs = now();
  for (let left = wait; ; left = remaining(wait, now() - startedAtMs)) {
    try {
      const result = await system.run(systemOp(opening, machine()), left);
      if (result.kind !== 'session') throw new CoordinationError('FATAL', { outcome: 'unknown' });
      return result;
    } catch (error) {
      if (!(error instanceof CoordinationError) || error.code !== 'COMPARE_FAILED') throw error;
    }
  }
}

function systemOp(opening: Opening, machine: Machine): SystemOp {
  const { secretHash } = opening;
  if (opening.kind === 'open') return { kind: 'open-session', secretHash, timeoutMs: opening.timeoutMs };
  const { sessionId } = opening;
  const heldBy = machine.session(sessionId)?.holder ?? 0;
  return { kind: 'resume-session', sessionId, secretHash, heldBy };
}

/** What is left of the caller's patience: never nothing, so that it ends with the error of every deadline. */
function remaining(wait: WaitOptions | undefined, elapsedMs: number): WaitOptions | undefined {
  if (wait?.deadlineMs === undefined) return wait;
  return { ...wait, deadlineMs: Math.max(1, wait.deadlineMs - elapsedMs) };
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
