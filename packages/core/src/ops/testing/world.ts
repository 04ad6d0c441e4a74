/** A tree and what ops are judged by, with the machine's part played: one transaction and one zxid for each op. */
import { decodeValue } from '../../codec/value-decode.ts';
import { encodeValue } from '../../codec/value-encode.ts';
import { sourceOf } from '../../codec/value-source.ts';
import type {
  CheckOp,
  CompareOp,
  CreateOp,
  DeleteOp,
  IncrementOp,
  MultiOp,
  PatchOp,
  SetOp,
  SingleOp,
} from '../../codec/op.ts';
import type { OpError, OpResult } from '../../codec/reply.ts';
import type { Value, ValueSource } from '../../codec/value.ts';
import { InvariantViolation } from '../../invariant.ts';
import { defaultEnsembleLimits, type EnsembleLimits } from '../../limits.ts';
import { changeOf, type Change } from '../../tree/change.ts';
import { Tree } from '../../tree/tree.ts';
import type { ZnodeRecord } from '../../tree/znode-record.ts';
import type { OpContext } from '../context.ts';
import { applyMulti } from '../multi.ts';
import { applySingle } from '../single.ts';

export class World {
  readonly tree: Tree = new Tree();
  /** Of the last op; its wall time is 1,000 more, its elapsed time ten times as much. */
  zxid = 0;
  sessionId = 7;
  limits: EnsembleLimits = defaultEnsembleLimits;
  /** What the last op changed. */
  changes: readonly Change[] = [];

  /** Performs the ops, of which each must succeed; answers the last result. */
  done(...ops: readonly (SingleOp | MultiOp)[]): OpResult {
    let last: OpResult = { kind: 'none' };
    for (const op of ops) {
      const result = this.try(op);
      if (result.kind === 'error') throw new InvariantViolation('an op of a test succeeds', { op, result });
      last = result;
    }
    return last;
  }

  /** Performs an op that must fail, and must change nothing; answers why. */
  refused(op: SingleOp | MultiOp): OpError {
    const before = this.tree.digest;
    const result = this.try(op);
    const after = this.tree.digest;
    if (result.kind !== 'error' || before.low !== after.low || before.high !== after.high) {
      throw new InvariantViolation('an op of a test fails without a trace', { op, result });
    }
    return result;
  }

  try(op: SingleOp | MultiOp): OpResult | OpError {
    this.zxid += 1;
    const context: OpContext = {
      tree: this.tree,
      zxid: this.zxid,
      moment: { wallMs: 1_000 + this.zxid, elapsedMs: 10 * this.zxid },
      sessionId: this.sessionId,
      limits: this.limits,
    };
    const before = this.tree.digest;
    this.tree.begin();
    const result = op.kind === 'multi' ? applyMulti(context, op) : applySingle(context, op);
    const isSingleError = result.kind === 'error' && op.kind !== 'multi';
    if (isSingleError && this.tree.digest.low !== before.low) {
      throw new InvariantViolation('a single op checks before it changes anything', { op, result });
    }
    if (result.kind === 'error') {
      this.tree.rollback();
      this.changes = [];
    } else {
      const changes: Change[] = [];
      this.tree.commit((from, to) => void changes.push(changeOf(from, to)));
      this.changes = changes;
    }
    this.tree.validate();
    return result;
  }

  record(path: string): ZnodeRecord {
    const record = this.tree.get(path);
    if (record === undefined) throw new InvariantViolation('a znode of a test exists', { path });
    return record;
  }

  value(path: string): Value {
    return decodeValue(this.record(path)).value;
  }

  paths(): readonly string[] {
    return [...this.tree.walk('/')].map(({ path }) => path);
  }

  /** "+/a" created, "=/a" changed, "-/a" deleted. */
  changed(): readonly string[] {
    return this.changes.map(({ path, before, after }) => {
      const sign = before === undefined ? '+' : after === undefined ? '-' : '=';
      return `${sign}${path}`;
    });
  }
}

export function encoded(value: unknown): ValueSource {
  return sourceOf(encodeValue(value));
}

export function check(path: string, version: number): CheckOp {
  return { kind: 'check', path, version };
}

export function create(path: string, rest: Partial<CreateOp> = {}): CreateOp {
  return {
    kind: 'create',
    path,
    value: encoded('new'),
    createKind: 'persistent',
    sequential: false,
    ttlMs: 0,
    parents: 'none',
    ifAbsent: false,
    ...rest,
  };
}

export function set(path: string, value: unknown, rest: Partial<SetOp> = {}): SetOp {
  return { kind: 'set', path, value: encoded(value), version: -1, create: false, ...rest };
}

export function remove(path: string, rest: Partial<DeleteOp> = {}): DeleteOp {
  return { kind: 'delete', path, version: -1, recursive: false, ifExists: false, ...rest };
}

export function compare(path: string, expected: unknown, value: unknown): CompareOp {
  return { kind: 'compare', path, expected: encoded(expected), value: encoded(value) };
}

export function increment(path: string, by: number | bigint, rest: Partial<IncrementOp> = {}): IncrementOp {
  return { kind: 'increment', path, by, create: false, ...rest };
}

export function patch(path: string, mzxid: number, patches: unknown): PatchOp {
  return { kind: 'patch', path, mzxid, patches: encoded(patches) };
}

export function multi(...ops: readonly SingleOp[]): MultiOp {
  return { kind: 'multi', ops, byteCount: 100 * ops.length };
}
