/**
 * What can be asked of the replicated machine, decoded. An op is what a caller asks; a command is an op made
 * replicable (session and request number are those of its batch, see batch.ts).
 */
import type { EnsembleLimits } from '../limits.ts';
import type { ValueSource } from './value.ts';

export type CreateKind = 'persistent' | 'ephemeral' | 'container' | 'ttl';

/** `anyVersion` means: no check. It is also what ZooKeeper's -1 means. */
export const anyVersion: number = -1;

export interface CheckOp {
  readonly kind: 'check';
  readonly path: string;
  readonly version: number;
}

export interface CreateOp {
  readonly kind: 'create';
  readonly path: string;
  readonly value: ValueSource;
  readonly createKind: CreateKind;
  readonly sequential: boolean;
  /** Milliseconds; 0 unless `createKind` is `ttl`. */
  readonly ttlMs: number;
  readonly parents: 'none' | 'persistent' | 'container';
  readonly ifAbsent: boolean;
}

export interface SetOp {
  readonly kind: 'set';
  readonly path: string;
  readonly value: ValueSource;
  readonly version: number;
  readonly create: boolean;
}

export interface DeleteOp {
  readonly kind: 'delete';
  readonly path: string;
  readonly version: number;
  readonly recursive: boolean;
  readonly ifExists: boolean;
}

/** `compareAndSet` and `compareAndSwap` are one op: they differ only in what the session answers. */
export interface CompareOp {
  readonly kind: 'compare';
  readonly path: string;
  readonly expected: ValueSource;
  readonly value: ValueSource;
}

export interface IncrementOp {
  readonly kind: 'increment';
  readonly path: string;
  readonly by: number | bigint;
  readonly create: boolean;
}

/** `update()`: patches against the value that the znode had at `mzxid`; 0 means that it must not exist. */
export interface PatchOp {
  readonly kind: 'patch';
  readonly path: string;
  readonly mzxid: number;
  /** With mzxid 0: an encoded value, the whole new one. Otherwise an encoded array of [op, path, value?]. */
  readonly patches: ValueSource;
}

/** An op that may stand inside a multi. */
export type SingleOp = CheckOp | CreateOp | SetOp | DeleteOp | CompareOp | IncrementOp | PatchOp;

/** Several ops in one command: all or nothing. */
export interface MultiOp {
  readonly kind: 'multi';
  readonly ops: readonly SingleOp[];
  /** Encoded length, judged against multiBytesMax. */
  readonly byteCount: number;
}

/** Fills a request number that its caller gave up before it was sent. */
export interface NoopOp {
  readonly kind: 'noop';
}

/** The session's own end: its ephemerals go in the same step. */
export interface CloseOp {
  readonly kind: 'close';
}

/** A command whose bytes make no sense: answered BAD_ARGUMENTS by apply, on every replica alike. */
export interface InvalidOp {
  readonly kind: 'invalid';
  readonly reason: string;
}

/** Everything that a session can ask. */
export type Op = SingleOp | MultiOp | NoopOp | CloseOp | InvalidOp;

/** A command of the ensemble itself; each is conditional or idempotent, so none needs a request number. */
export type SystemOp =
  | { readonly kind: 'configure'; readonly limits: EnsembleLimits }
  | {
      readonly kind: 'open-session';
      /** SHA-256 of the session's secret; also makes a retried opening find the session it opened. */
      readonly secretHash: Uint8Array;
      /** Milliseconds as asked; Infinity is lasting. Apply clamps it. */
      readonly timeoutMs: number;
    }
  | {
      readonly kind: 'resume-session';
      readonly sessionId: number;
      readonly secretHash: Uint8Array;
      /** Rejected by apply when somebody else holds the session: a late copy must not take it from a later holder. */
      readonly heldBy: number;
    }
  /** Rejected by apply when the session has made a request after `lastRequest`. */
  | { readonly kind: 'expire-session'; readonly sessionId: number; readonly lastRequest: number }
  /** An operator ends a session, whatever it does. */
  | { readonly kind: 'end-session'; readonly sessionId: number }
  /** Deletes a container that still has no child and the same pzxid. */
  | { readonly kind: 'reap-container'; readonly path: string; readonly pzxid: number }
  /** Deletes a TTL znode that is still childless and unchanged since mzxid. */
  | { readonly kind: 'reap-ttl'; readonly path: string; readonly mzxid: number }
  | InvalidOp;
