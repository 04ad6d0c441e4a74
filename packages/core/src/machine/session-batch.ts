/**
 * One batch of a session: exactly once, in order, and only from the session's present holder.
 *
 * A session's requests are numbered. Apply accepts the next number only: one that it has answered gets the
 * recorded answer again (Raft thesis 6.3), and one that is further ahead shows that a batch was lost with its
 * leader. So the order of a session holds across a change of leader, however batches are sent again.
 */
import type { SessionBatch } from '../codec/batch.ts';
import type { Op } from '../codec/op.ts';
import type { OpError, OpResult, Reply } from '../codec/reply.ts';
import { invariant } from '../invariant.ts';
import type { AppliedItem, ApplyHooks } from './contract.ts';
import type { Session } from './sessions.ts';
import type { MachineState } from './state.ts';

const done: OpResult = Object.freeze({ kind: 'none' });

/** Applies what is new of the batch and answers all of it; returns how many commands that was. */
export function applySessionBatch(
  state: MachineState,
  batch: SessionBatch,
  items: AppliedItem[],
  hooks: ApplyHooks,
): number {
  const { sessionId, holder, firstRequest, ops } = batch;
  const session = state.sessions.get(sessionId);
  if (session === undefined) {
    items.push({ kind: 'refused', sessionId, holder, code: state.sessions.endOf(sessionId) });
    return 0;
  }
  if (holder !== session.holder) {
    items.push({ kind: 'refused', sessionId, holder, code: 'SESSION_EXPIRED' });
    return 0;
  }
  state.sessions.touch(session);
  const { replies } = session;
  replies.acknowledge(batch.acknowledgedThrough);

  const repeated = replies.repeat(firstRequest, firstRequest + ops.length - 1);
  if (repeated !== undefined) items.push({ kind: 'replies', sessionId, holder, ...repeated });

  if (ops.length === 0) return 0;
  const start = replies.lastRequest + 1 - firstRequest;
  if (start >= ops.length) return 0;
  const room = state.limits.repliesPerSessionMax - replies.count;
  const end = Math.min(ops.length, start + room);
  // A negative start, or one that is no number, is a gap too.
  if (!(start >= 0 && end > start)) {
    items.push({ kind: 'gap', sessionId, holder, expected: replies.lastRequest + 1 });
    return 0;
  }
  const accepted = applyRequests(state, session, { ops, start, end }, { items, hooks });
  if (start + accepted === ops.length) return accepted;
  items.push(
    state.sessions.get(sessionId) === session
      ? { kind: 'gap', sessionId, holder, expected: replies.lastRequest + 1 }
      : { kind: 'refused', sessionId, holder, code: 'SESSION_CLOSED' },
  );
  return accepted;
}

/** Applies `ops` from `start` to `end`, or to a `close` among them; returns how many were applied. */
function applyRequests(
  state: MachineState,
  session: Session,
  range: { readonly ops: readonly Op[]; readonly start: number; readonly end: number },
  answers: { readonly items: AppliedItem[]; readonly hooks: ApplyHooks },
): number {
  const { ops, start, end } = range;
  const { items, hooks } = answers;
  const record = session.replies;
  const isWaited = hooks.waitingSessions.has(session.id);
  const firstRequest = record.lastRequest + 1;
  const replies: readonly Reply[] = record.begin();
  items.push({ kind: 'replies', sessionId: session.id, holder: session.holder, firstRequest, replies });
  for (let at = start; at < end; at += 1) {
    const op = ops[at];
    invariant(op !== undefined, 'an op lies inside its batch');
    state.zxid += 1;
    record.add({ zxid: state.zxid, result: executeRequest(state, session, op) });
    if (op.kind === 'close') {
      items.push({ kind: 'session-ended', sessionId: session.id, code: 'SESSION_CLOSED' });
    }
    if (isWaited) hooks.requestApplied(session.id, record.lastRequest);
    if (op.kind === 'close') return at + 1 - start;
  }
  return end - start;
}

function executeRequest(state: MachineState, session: Session, op: Op): OpResult | OpError {
  switch (op.kind) {
    case 'close':
      state.endSession(session, 'SESSION_CLOSED');
      return done;
    case 'noop':
      return done;
    case 'invalid':
      return { kind: 'error', code: 'BAD_ARGUMENTS', details: { reason: op.reason } };
    default:
      return state.execute(op, session.id);
  }
}
