/**
 * What a client asked and what it was answered, as plain values: one kind per method of a session. Paths are
 * absolute, also for calls that were made through `at(prefix)`.
 */
import type {
  CreateOptions,
  DeleteOptions,
  ErrorCode,
  IncrementOptions,
  Operation,
  OperationResult,
  Outcome,
  PageOptions,
  ReadOptions,
  SetOptions,
  Stat,
  Value,
  WriteOptions,
} from '@quorate/core';

/** The options of a method as a record keeps them. */
export type Recorded<O> = Readonly<Omit<O, 'signal'>>;

/** A call that may change the tree. */
export type WriteCall =
  | {
      readonly kind: 'create';
      readonly path: string;
      readonly value: unknown;
      readonly options: Recorded<CreateOptions>;
    }
  | {
      readonly kind: 'set';
      readonly path: string;
      readonly value: unknown;
      readonly options: Recorded<SetOptions>;
    }
  | { readonly kind: 'delete'; readonly path: string; readonly options: Recorded<DeleteOptions> }
  | {
      readonly kind: 'compareAndSet' | 'compareAndSwap';
      readonly path: string;
      readonly expected: unknown;
      readonly value: unknown;
      readonly options: Recorded<WriteOptions>;
    }
  | {
      readonly kind: 'increment';
      readonly path: string;
      readonly by: number | bigint;
      readonly options: Recorded<IncrementOptions>;
    }
  | {
      readonly kind: 'update';
      readonly path: string;
      readonly initial: unknown;
      readonly options: Recorded<WriteOptions>;
    }
  | {
      readonly kind: 'multi';
      readonly operations: readonly Operation[];
      readonly options: Recorded<WriteOptions>;
    }
  /** The session's own end. */
  | { readonly kind: 'close' };

/** A call that changes nothing. */
export type ReadCall =
  | {
      readonly kind: 'get' | 'exists' | 'count';
      readonly path: string;
      readonly options: Recorded<ReadOptions>;
    }
  | { readonly kind: 'getMany'; readonly paths: readonly string[]; readonly options: Recorded<ReadOptions> }
  | {
      readonly kind: 'children' | 'list';
      readonly path: string;
      readonly options: Recorded<ReadOptions & PageOptions>;
    }
  /** `under` as asked, absolute. */
  | { readonly kind: 'ephemerals'; readonly under: string; readonly options: Recorded<ReadOptions> }
  | { readonly kind: 'sync' };

/** Everything that a session can be asked, but watches (watch-record.ts). */
export type Call = WriteCall | ReadCall;

/** A znode as it was read. */
export interface ReadZnode {
  readonly value: Value;
  readonly stat: Stat;
}

/** What a call was answered. */
export type Result =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'created'; readonly path: string; readonly stat: Stat; readonly created: boolean }
  | { readonly kind: 'stat'; readonly stat: Stat }
  | { readonly kind: 'compared'; readonly swapped: boolean }
  | { readonly kind: 'swapped'; readonly swapped: boolean; readonly previous: Value; readonly stat: Stat }
  | { readonly kind: 'number'; readonly value: number | bigint }
  | { readonly kind: 'multi'; readonly results: readonly OperationResult[] }
  | { readonly kind: 'znode'; readonly value: Value; readonly stat: Stat }
  | { readonly kind: 'znodes'; readonly znodes: readonly (ReadZnode | undefined)[] }
  | { readonly kind: 'existence'; readonly stat: Stat | undefined }
  | { readonly kind: 'names'; readonly names: readonly string[] }
  | { readonly kind: 'listing'; readonly items: readonly ({ readonly name: string } & ReadZnode)[] }
  | { readonly kind: 'count'; readonly count: number };

/** How a call ended for its client. */
export type Ending =
  /** Not yet, when the history was taken: it may take effect at any time later, or never. */
  | { readonly kind: 'pending' }
  | { readonly kind: 'answered'; readonly result: Result }
  | {
      readonly kind: 'failed';
      /** `ABORTED`: by the caller's signal; `THROWN`: by something else than this library, a recipe say. */
      readonly code: ErrorCode | 'ABORTED' | 'THROWN';
      readonly outcome: Outcome;
      /** Of a `multi`: the operation that failed. */
      readonly index: number | undefined;
    };

/** Whether a call is a write. */
export function isWriteCall(call: Call): call is WriteCall {
  switch (call.kind) {
    case 'get':
    case 'exists':
    case 'count':
    case 'getMany':
    case 'children':
    case 'list':
    case 'ephemerals':
    case 'sync':
      return false;
    default:
      return true;
  }
}
