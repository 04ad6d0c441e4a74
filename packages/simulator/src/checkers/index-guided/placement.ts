/**
 * Where each operation took effect: a write where the log has its (session, request), a read where its answer says.
 * Checks on the way what can be said of one write alone: it is in the log if it was answered, once, as it was
 * asked, at the zxid that its answer named; and not if its client was told that it did not happen.
 */
import { parseSessionId, type Op } from '@quorate/core/inspect';
import { isWriteCall, type WriteCall } from '../../history/call.ts';
import {
  describeCall,
  describeEnding,
  describeOperation,
  type OperationRecord,
} from '../../history/operation.ts';
import type { ModelCommand } from '../model/model-ensemble.ts';
import { violation, type Violation } from '../verdict.ts';
import { writeProblem } from './answers.ts';
import { isLoggedCall } from './logged-call.ts';

/** What the log has of one request. */
export type LoggedRequest = Pick<ModelCommand, 'zxid' | 'request' | 'reply' | 'changes'>;

/** An operation with its place in the order of the log. */
export interface PlacedOperation {
  readonly operation: OperationRecord;
  /** Undefined: it took no effect, or nobody knows. */
  readonly zxid: number | undefined;
  readonly isWrite: boolean;
}

/** Requests of the log by session and number. */
export class RequestIndex {
  readonly #requests = new Map<string, LoggedRequest>();

  add(command: ModelCommand): void {
    const { request } = command;
    if (request !== undefined) this.#requests.set(`${request.session}/${request.number}`, command);
  }

  find(operation: OperationRecord): LoggedRequest | undefined {
    const session = parseSessionId(operation.session);
    return this.#requests.get(`${session}/${operation.trace.request}`);
  }
}

/** The zxid of the state that a read has shown; undefined: none, also where its place was skipped. */
export function stateRead({ ending, trace }: OperationRecord): number | undefined {
  return ending.kind === 'failed' && ending.code === 'UNAVAILABLE' ? undefined : trace.zxid;
}

/** Places all operations, or says which cannot be placed. */
export function placeOperations(
  operations: readonly OperationRecord[],
  requests: RequestIndex,
): readonly PlacedOperation[] | Violation {
  const owners = new Map<LoggedRequest, OperationRecord>();
  const placed: PlacedOperation[] = [];
  for (const operation of operations) {
    const { call, trace } = operation;
    if (!isWriteCall(call)) {
      placed.push({ operation, zxid: stateRead(operation), isWrite: false });
      continue;
    }
    const logged = trace.request === undefined ? undefined : requests.find(operation);
    const problem = writeTrouble(operation, call, logged);
    if (problem !== undefined) return problem;
    if (logged !== undefined) {
      const other = owners.get(logged);
      if (other !== undefined) return sharedRequest(operation, other);
      owners.set(logged, operation);
    }
    placed.push({ operation, zxid: logged?.zxid, isWrite: true });
  }
  return placed;
}

function writeTrouble(
  operation: OperationRecord,
  call: WriteCall,
  logged: LoggedRequest | undefined,
): Violation | undefined {
  const { ending, trace, id } = operation;
  const op = logged?.request?.op;
  if (op !== undefined && !isGivenUp(operation, op) && !isLoggedCall(op, call)) {
    return violation(
      'ExactlyOnce',
      `the log has another command for this request: ${op.kind}\n${describeOperation(operation)}`,
      [id],
    );
  }
  if (logged !== undefined && trace.zxid !== undefined && trace.zxid !== logged.zxid) {
    return violation(
      'ExactlyOnce',
      `it took effect at zxid ${logged.zxid}, its answer names another\n${describeOperation(operation)}`,
      [id],
    );
  }
  if (ending.kind === 'pending' || (ending.kind === 'failed' && ending.outcome === 'unknown'))
    return undefined;
  // Closing resolves in any case; an update that changes nothing sends nothing.
  const mayBeAbsent = call.kind === 'close' || (call.kind === 'update' && trace.request === undefined);
  if (ending.kind === 'failed' && ending.outcome === 'not-applied') return refusedTrouble(operation, logged);
  if (logged === undefined) {
    if (mayBeAbsent) return undefined;
    return violation(
      'Durable',
      `it was answered, and the log does not have it\n${describeOperation(operation)}`,
      [id],
    );
  }
  if (ending.kind === 'failed') {
    if (logged.reply.kind !== 'error') return undefined;
    return violation(
      'RepliesMatch',
      `it was said to be applied, and was refused\n${describeOperation(operation)}`,
      [id],
    );
  }
  const problem = call.kind === 'close' ? undefined : writeProblem(ending.result, logged.reply);
  if (problem === undefined) return undefined;
  const rule =
    call.kind === 'create' && call.options.sequential === true ? 'SequenceNamesUnique' : 'RepliesMatch';
  return violation(rule, `${problem}, at zxid ${logged.zxid}\n${describeOperation(operation)}`, [id]);
}

/** A number that was given up before it was sent is filled by a noop: then nobody may hold an answer. */
function isGivenUp({ ending }: OperationRecord, op: Op): boolean {
  if (op.kind !== 'noop' || ending.kind === 'answered') return false;
  return ending.kind === 'pending' || ending.outcome !== 'applied';
}

/** The client was told that nothing happened. */
function refusedTrouble(
  operation: OperationRecord,
  logged: LoggedRequest | undefined,
): Violation | undefined {
  const { ending, trace, call, id } = operation;
  if (ending.kind !== 'failed') return undefined;
  // An update tries again, and may end by a refusal of its own or at its deadline, between two tries.
  const isNoop = logged?.request?.op.kind === 'noop';
  const wasAnswered = trace.zxid !== undefined && call.kind !== 'update' && !isNoop;
  if (logged === undefined) {
    if (!wasAnswered) return undefined;
    return violation(
      'Durable',
      `it was answered, and the log does not have it\n${describeOperation(operation)}`,
      [id],
    );
  }
  const { reply } = logged;
  if (wasAnswered) {
    const isSame = reply.kind === 'error' && reply.code === ending.code && reply.index === ending.index;
    if (isSame) return undefined;
    const expected = reply.kind === 'error' ? reply.code : reply.kind;
    return violation(
      'RepliesMatch',
      `the answer should be ${expected}, at zxid ${logged.zxid}\n${describeOperation(operation)}`,
      [id],
    );
  }
  if (logged.changes.length === 0) return undefined;
  return violation(
    'ExactlyOnce',
    `it was said not to be applied, and was, at zxid ${logged.zxid}\n${describeOperation(operation)}`,
    [id],
  );
}

function sharedRequest(operation: OperationRecord, other: OperationRecord): Violation {
  const lines = [operation, other].map(
    ({ call, ending }) => `${describeCall(call)} -> ${describeEnding(ending)}`,
  );
  const request = `session ${operation.session} request ${operation.trace.request}`;
  return violation('ExactlyOnce', `${request} answers two operations\n${lines.join('\n')}`, [
    operation.id,
    other.id,
  ]);
}
