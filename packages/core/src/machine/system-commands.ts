/**
 * Commands of the ensemble itself. Nobody deduplicates them, so each is conditional (judged here against the
 * state that justified it) or idempotent (asked twice, it is answered as if asked once).
 */
import { equalBytes } from '../codec/bytes.ts';
import { secretHashBytes } from '../codec/op-encode.ts';
import type { SystemBatch } from '../codec/batch.ts';
import type { SystemOp } from '../codec/op.ts';
import type { OpError, OpResult } from '../codec/reply.ts';
import type { ErrorCode, ErrorDetails } from '../errors.ts';
import { unreachable } from '../invariant.ts';
import type { EnsembleLimits } from '../limits.ts';
import { pathProblem } from '../codec/path.ts';
import type { SessionEnded } from './contract.ts';
import { copyLimits, limitsProblem } from './limit-rules.ts';
import { dueTime } from './reaper.ts';
import { ReplyRecord } from './replies.ts';
import type { Session } from './session.ts';
import { firstHolder, type SessionEnd } from './sessions.ts';
import type { MachineState } from './state.ts';

export interface SystemEffect {
  readonly result: OpResult | OpError;
  /** The session that the command ended. */
  readonly ended: SessionEnded | undefined;
}

type OpOf<K extends SystemOp['kind']> = Extract<SystemOp, { kind: K }>;

const done: OpResult = Object.freeze({ kind: 'none' });

/** Executes one command under the current zxid. */
export function executeSystem(state: MachineState, { op, ticket }: SystemBatch): SystemEffect {
  switch (op.kind) {
    case 'configure':
      return answer(configure(state, op.limits));
    case 'open-session':
      return answer(openSession(state, op));
    case 'resume-session':
      return answer(resumeSession(state, op, ticket));
    case 'expire-session':
      return expireSession(state, op);
    case 'end-session':
      return endSession(state, op);
    case 'reap-container':
      return answer(reapContainer(state, op));
    case 'reap-ttl':
      return answer(reapTtl(state, op));
    case 'invalid':
      return answer(failed('BAD_ARGUMENTS', { reason: op.reason }));
    default:
      return unreachable(op);
  }
}

/** The first one wins: the limits of an ensemble are those of its first leader. */
function configure(state: MachineState, limits: EnsembleLimits): OpResult | OpError {
  const reason = limitsProblem(limits);
  if (reason !== undefined) return failed('BAD_ARGUMENTS', { argument: 'limits', reason });
  if (state.configured) return done;
  state.configured = true;
  state.limits = copyLimits(limits);
  return done;
}

function openSession(state: MachineState, op: OpOf<'open-session'>): OpResult | OpError {
  const { sessions, limits } = state;
  if (op.secretHash.length !== secretHashBytes) {
    return failed('BAD_ARGUMENTS', {
      argument: 'secretHash',
      reason: `a secret hash has ${secretHashBytes} bytes`,
    });
  }
  if (!(op.timeoutMs > 0)) {
    return failed('BAD_ARGUMENTS', { argument: 'timeoutMs', reason: 'a time-out is a number above 0' });
  }
  const known = sessions.bySecret(op.secretHash);
  if (known !== undefined) return sessionResult(known);
  if (sessions.size >= limits.sessionsMax) {
    return failed('LIMIT_EXCEEDED', {
      limit: 'sessionsMax',
      limitValue: limits.sessionsMax,
      measured: sessions.size + 1,
    });
  }
  const opened = sessions.open({
    id: state.zxid,
    secretHash: op.secretHash,
    timeoutMs: grantedTimeout(op.timeoutMs, limits),
    openedAtMs: state.moment.wallMs,
  });
  return sessionResult(opened);
}

/**
 * The holder is the ticket of its resumption: one that arrives again, doubled on its way or asked again because
 * no answer came, must not take the session from whom it has just given it to. And it names the holder that it
 * takes the session from: a copy that was under way for long must not take it from a later one.
 *
 * A resumption takes a request number of its own, without a reply: so an expiry that was proposed before it
 * names an older one and is rejected, like one that a request overtook.
 */
function resumeSession(state: MachineState, op: OpOf<'resume-session'>, ticket: number): OpResult | OpError {
  const session = state.sessions.get(op.sessionId);
  if (session === undefined) return failed(state.sessions.endOf(op.sessionId), {});
  if (!equalBytes(session.secretHash, op.secretHash)) return failed('AUTH_FAILED', {});
  if (session.holder === ticket) return sessionResult(session);
  if (!(ticket > firstHolder))
    return failed('BAD_ARGUMENTS', { reason: 'a resumption has a ticket of its own' });
  if (session.holder !== op.heldBy) {
    return failed('COMPARE_FAILED', { reason: 'somebody else has resumed the session since' });
  }
  state.sessions.touch(session);
  session.holder = ticket;
  session.replies = new ReplyRecord(session.replies.lastRequest + 1);
  return sessionResult(session);
}

function expireSession(state: MachineState, op: OpOf<'expire-session'>): SystemEffect {
  const session = state.sessions.get(op.sessionId);
  if (session === undefined) return answer(failed(state.sessions.endOf(op.sessionId), {}));
  // Not `>`: a number that is no number must not expire anybody.
  if (!(session.replies.lastRequest <= op.lastRequest)) {
    const reason = 'the session has made a request since';
    return answer(failed('COMPARE_FAILED', { reason }));
  }
  return end(state, session, 'SESSION_EXPIRED');
}

/** Ending a session twice is fine; one that was never there, or has expired, is told. */
function endSession(state: MachineState, op: OpOf<'end-session'>): SystemEffect {
  const session = state.sessions.get(op.sessionId);
  if (session !== undefined) return end(state, session, 'SESSION_CLOSED');
  const code = state.sessions.endOf(op.sessionId);
  return answer(code === 'SESSION_CLOSED' ? done : failed(code, {}));
}

/** pzxid says that no child came or went since; a znode that was deleted and made again has another one. */
function reapContainer(state: MachineState, op: OpOf<'reap-container'>): OpResult | OpError {
  const { path } = op;
  if (pathProblem(path) !== undefined) return failed('BAD_ARGUMENTS', { path });
  const record = state.tree.get(path);
  if (record === undefined) return failed('NO_NODE', { path });
  const isDue =
    record.createKind === 'container' &&
    record.pzxid === op.pzxid &&
    dueTime(record, state.limits.containerGraceMs) !== undefined;
  return isDue ? state.reap(path) : failed('COMPARE_FAILED', { path, reason: 'the container is in use' });
}

/** mzxid does not tell whether children came and went since, so the time is judged here again. */
function reapTtl(state: MachineState, op: OpOf<'reap-ttl'>): OpResult | OpError {
  const { path } = op;
  if (pathProblem(path) !== undefined) return failed('BAD_ARGUMENTS', { path });
  const record = state.tree.get(path);
  if (record === undefined) return failed('NO_NODE', { path });
  const dueMs = dueTime(record, state.limits.containerGraceMs);
  const isDue =
    record.createKind === 'ttl' &&
    record.mzxid === op.mzxid &&
    dueMs !== undefined &&
    dueMs <= state.moment.elapsedMs;
  return isDue ? state.reap(path) : failed('COMPARE_FAILED', { path, reason: 'the znode is in use' });
}

function end(state: MachineState, session: Session, code: SessionEnd): SystemEffect {
  state.endSession(session, code);
  return { result: done, ended: { kind: 'session-ended', sessionId: session.id, code } };
}

function grantedTimeout(timeoutMs: number, limits: EnsembleLimits): number {
  if (timeoutMs === Number.POSITIVE_INFINITY) return timeoutMs;
  return Math.trunc(Math.min(Math.max(timeoutMs, limits.sessionTimeoutMsMin), limits.sessionTimeoutMsMax));
}

function sessionResult(session: Session): OpResult {
  return {
    kind: 'session',
    sessionId: session.id,
    timeoutMs: session.timeoutMs,
    holder: session.holder,
    nextRequest: session.replies.lastRequest + 1,
  };
}

function answer(result: OpResult | OpError): SystemEffect {
  return { result, ended: undefined };
}

function failed(code: ErrorCode, details: ErrorDetails): OpError {
  return { kind: 'error', code, details };
}
