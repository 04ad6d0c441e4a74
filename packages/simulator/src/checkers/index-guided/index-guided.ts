/**
 * The index-guided checker: replays the committed log, in its order, on a model of the tree that shares no code
 * with production, and compares everything that clients saw with it. Because the log says where each operation
 * took effect, nothing has to be searched: the cost is that of a replay and a sort.
 *
 * What it checks: every answered write is in the log once, as it was asked, and was answered as the model answers
 * (so sequence numbers, stats, multis and errors are right); every read shows the model's state at its zxid, whole
 * listings and counts included; the log's order agrees with real time and with the order of each session.
 *
 * What it trusts: the indexes that production names. The black-box checker (linearizability/) trusts none.
 */
import type { Entry } from '@quorate/core/ports';
import { isWriteCall } from '../../history/call.ts';
import { describeOperation, type OperationRecord } from '../../history/operation.ts';
import { ModelEnsemble, type ModelCommand } from '../model/model-ensemble.ts';
import { parentPath, type ModelTree } from '../model/model-tree.ts';
import { isValue } from '../model/model-value.ts';
import { violation, worst, type Verdict, type Violation } from '../verdict.ts';
import { isMissing, readProblem } from './answers.ts';
import { checkRealTime, checkSessionOrder } from './order.ts';
import { placeOperations, RequestIndex, stateRead } from './placement.ts';

/** What a run left behind. */
export interface CheckedRun {
  readonly operations: readonly OperationRecord[];
  /** Every committed entry from index 1 on, without a gap. */
  readonly log: readonly Entry[];
}

/** Judges a whole run; see the file's comment. */
export function checkIndexGuided({ operations, log }: CheckedRun): Verdict {
  const model = new ModelEnsemble();
  const requests = new RequestIndex();
  const names = new SequenceNames();
  const reads = new ReadsByZxid(operations);
  let problem = reads.checkAt(0, model.tree);
  for (const command of model.apply(log)) {
    requests.add(command);
    problem ??= names.check(command, model.tree) ?? reads.checkAt(command.zxid, model.tree);
  }
  const placed = placeOperations(operations, requests);
  if ('kind' in placed) return placed;
  if (problem !== undefined) return problem;
  const early = reads.firstBeyond(model.zxid);
  if (early !== undefined) {
    const about = describeOperation(early);
    return violation('ReadsMatch', `it shows a state that was never committed\n${about}`, [early.id]);
  }
  return worst([checkRealTime(placed), checkSessionOrder(placed)]);
}

/** Reads, each to be compared when the model is at its zxid. */
class ReadsByZxid {
  readonly #byZxid = new Map<number, OperationRecord[]>();

  constructor(operations: readonly OperationRecord[]) {
    for (const operation of operations) {
      const zxid = stateOf(operation);
      if (zxid === undefined) continue;
      const others = this.#byZxid.get(zxid);
      if (others === undefined) this.#byZxid.set(zxid, [operation]);
      else others.push(operation);
    }
  }

  checkAt(zxid: number, tree: ModelTree): Violation | undefined {
    for (const operation of this.#byZxid.get(zxid) ?? []) {
      const problem = stateProblem(operation, tree);
      if (problem === undefined) continue;
      const explanation = `${problem}, at zxid ${zxid}\n${describeOperation(operation)}`;
      return violation('ReadsMatch', explanation, [operation.id]);
    }
    return undefined;
  }

  /** The first read of a state after this one. */
  firstBeyond(zxid: number): OperationRecord | undefined {
    for (const [at, [operation]] of this.#byZxid) if (at > zxid) return operation;
    return undefined;
  }
}

/** The state that an operation tells of; undefined for one that tells of none, or is a write. */
function stateOf(operation: OperationRecord): number | undefined {
  const { call, ending, trace } = operation;
  if (ending.kind === 'pending') return undefined;
  if (!isWriteCall(call)) return stateRead(operation);
  // An update that changed nothing: the value that it answers was there from its mzxid on.
  const isIdle = call.kind === 'update' && ending.kind === 'answered' && trace.request === undefined;
  return isIdle && ending.result.kind === 'znode' ? ending.result.stat.mzxid : undefined;
}

function stateProblem({ call, ending, session }: OperationRecord, tree: ModelTree): string | undefined {
  if (ending.kind === 'answered' && isWriteCall(call)) {
    if (call.kind !== 'update' || ending.result.kind !== 'znode') return undefined;
    const znode = tree.get(call.path);
    const isThere = znode !== undefined && znode.mzxid === ending.result.stat.mzxid;
    return isThere && isValue(ending.result.value, znode.bytes) ? undefined : 'no such value was there';
  }
  if (isWriteCall(call)) return undefined;
  if (ending.kind === 'answered') return readProblem(call, ending.result, { tree, session });
  // Other failures are the asking peer's own: a deadline, a limit.
  const isWrong = ending.kind === 'failed' && ending.code === 'NO_NODE' && !isMissing(call, tree);
  return isWrong ? 'the znode is there' : undefined;
}

/** No name of a sequential znode is given twice while its parent lives. */
class SequenceNames {
  readonly #given = new Set<string>();

  check({ request, reply, zxid }: ModelCommand, tree: ModelTree): Violation | undefined {
    if (request?.op.kind !== 'create' || !request.op.sequential || reply.kind !== 'created') return undefined;
    const parent = tree.at(parentPath(reply.path));
    const name = `${parent.czxid}:${reply.path}`;
    if (this.#given.has(name)) {
      return violation('SequenceNamesUnique', `${reply.path} is given a second time at zxid ${zxid}`);
    }
    this.#given.add(name);
    return undefined;
  }
}
