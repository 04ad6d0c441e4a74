/**
 * One batch of a session: exactly once, in order, and only from the session's present holder.
 *
 * A session's requests are numbered. Apply accepts the next number only: one that it has answered gets the
 * recorded answer again (Raft thesis 6.3), and one that is further ahead shows that a batch was lost with its
 * leader. So the order of a session holds across a change of leader, however batches are sent again.
 */
import type { Commands, OpenedBatch } from '../codec/batch.ts';
import type { Op } from '../codec/op.ts';
import type { OpError, OpResult, Reply } from '../codec/reply.ts';
import { ZnodeRecord } from '../tree/znode-record.ts';
import type { AppliedItem, ApplyHooks } from './contract.ts';
import type { Session } from './session.ts';
import type { MachineState } from './state.ts';

const done: OpResult = Object.freeze({ kind: 'none' });

/** Applies what is new of the batch and answers all of it; returns how many commands that was. */
export function applySessionBatch(
  state: MachineState,
  batch: OpenedBatch,
  items: AppliedItem[],
  hooks: ApplyHooks,
): number {
  const { sessionId, holder, firstRequest, commands } = batch;
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

  const repeated = replies.repeat(firstRequest, firstRequest + commands.count - 1);
  if (repeated !== undefined) items.push({ kind: 'replies', sessionId, holder, ...repeated });

  if (commands.count === 0) return 0;
  const start = replies.lastRequest + 1 - firstRequest;
  if (start >= commands.count) return 0;
  const room = state.limits.repliesPerSessionMax - replies.count;
  const end = Math.min(commands.count, start + room);
  // A negative start, or one that is no number, is a gap too.
  if (!(start >= 0 && end > start)) {
    items.push({ kind: 'gap', sessionId, holder, expected: replies.lastRequest + 1 });
    return 0;
  }
  commands.pass(start);
  const accepted = applyRequests(state, session, { commands, count: end - start }, { items, hooks });
  if (start + accepted === commands.count) return accepted;
  items.push(
    state.sessions.get(sessionId) === session
      ? { kind: 'gap', sessionId, holder, expected: replies.lastRequest + 1 }
      : { kind: 'refused', sessionId, holder, code: 'SESSION_CLOSED' },
  );
  return accepted;
}

/** Applies the next `count` commands, or as many as there are to a `close` among them; returns how many. */
function applyRequests(
  state: MachineState,
  session: Session,
  next: { readonly commands: Commands; readonly count: number },
  answers: { readonly items: AppliedItem[]; readonly hooks: ApplyHooks },
): number {
  const { commands, count } = next;
  const { items, hooks } = answers;
  const record = session.replies;
  const isWaited = hooks.waitingSessions.has(session.id);
  const firstRequest = record.lastRequest + 1;
  // Of full length from the beginning: to grow it reply by reply costs as much as half of a reply.
  const replies = new Array<Reply>(count);
  items.push({ kind: 'replies', sessionId: session.id, holder: session.holder, firstRequest, replies });
  let applied = 0;
  for (let isOpen = true; isOpen && applied < count; applied += 1) {
    const op = commands.next();
    state.zxid += 1;
    replies[applied] = replyOf(state.zxid, executeRequest(state, session, op));
    if (op.kind === 'close') {
      items.push({ kind: 'session-ended', sessionId: session.id, code: 'SESSION_CLOSED' });
      isOpen = false;
    }
    if (isWaited) hooks.requestApplied(session.id, firstRequest + applied);
  }
  if (applied < count) replies.length = applied;
  record.append(replies);
  return applied;
}

/** The record that a write answers is the reply as well (znode-record.ts). */
function replyOf(zxid: number, result: OpResult | OpError): Reply {
  return result instanceof ZnodeRecord && result.mzxid === zxid ? result : { zxid, result };
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
