/**
 * The one error that users meet. Expected failures are values of a closed set of codes; a bug is an
 * {@link InvariantViolation} (see invariant.ts) and the two are never swapped.
 */

/** Every code that an operation can fail with. Codes are API: documented, tested, never renamed. */
export type ErrorCode =
  | 'BAD_ARGUMENTS'
  | 'NO_NODE'
  | 'NODE_EXISTS'
  | 'NOT_EMPTY'
  | 'BAD_VERSION'
  | 'COMPARE_FAILED'
  | 'NOT_A_NUMBER'
  | 'OVERFLOW'
  | 'NO_CHILDREN_FOR_EPHEMERALS'
  | 'PATCH_FAILED'
  | 'LIMIT_EXCEEDED'
  | 'QUOTA_EXCEEDED'
  | 'NO_AUTH'
  | 'AUTH_FAILED'
  | 'SESSION_EXPIRED'
  | 'SESSION_CLOSED'
  | 'PEER_CLOSED'
  | 'OPERATION_TIMEOUT'
  | 'UNAVAILABLE'
  | 'NOT_FULLY_REPLICATED'
  | 'OVERLOADED'
  | 'COMPACTED'
  | 'WATCH_OVERFLOW'
  | 'UNSUPPORTED_VERSION'
  | 'CORRUPTED'
  | 'STORAGE_FAILED'
  | 'PROTOCOL'
  | 'FATAL'
  | 'STORAGE_FULL';

/** Whether the write happened. Reads are `'not-applied'`: they change nothing. */
export type Outcome = 'not-applied' | 'applied' | 'unknown';

/** What an error tells beside its code; which fields are present depends on the code (docs/reference/errors.md). */
export interface ErrorDetails {
  /** The path that the failure is about. */
  readonly path?: string;
  /** What is wrong with an argument, or what was found instead, in words. */
  readonly reason?: string;
  /** The argument or option that is wrong. */
  readonly argument?: string;
  /** Position of the first failing operation of a `multi`, from 0. */
  readonly index?: number;
  /** `BAD_VERSION`: the version that the caller expected. */
  readonly expected?: number;
  /** `BAD_VERSION`: the version that was found. */
  readonly actual?: number;
  /** `LIMIT_EXCEEDED`, `OVERLOADED`: the limit's name in limits.ts. */
  readonly limit?: string;
  /** `LIMIT_EXCEEDED`, `OVERLOADED`: the limit's value. */
  readonly limitValue?: number;
  /** `LIMIT_EXCEEDED`, `OVERLOADED`: the measured value that was too large. */
  readonly measured?: number;
  /** `COMPACTED`: the oldest zxid that a watch can resume from. */
  readonly oldestZxid?: number;
  /** `OPERATION_TIMEOUT`, `UNAVAILABLE`, `NOT_FULLY_REPLICATED`: the deadline that passed, in milliseconds. */
  readonly deadlineMs?: number;
}

const retryableCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'OPERATION_TIMEOUT',
  'UNAVAILABLE',
  'OVERLOADED',
  'WATCH_OVERFLOW',
  'STORAGE_FULL',
]);

/** What a {@link CoordinationError} is made of beside its code. */
export interface CoordinationErrorOptions {
  readonly details?: ErrorDetails;
  readonly outcome?: Outcome;
  readonly cause?: unknown;
  readonly message?: string;
}

/**
 * Every expected failure of this library.
 *
 * @example
 * try { await session.set('/config', 1, { version: 3 }); } catch (error) {
 *   if (error instanceof CoordinationError && error.code === 'BAD_VERSION') { ... }
 * }
 */
export class CoordinationError extends Error {
  override readonly name = 'CoordinationError';
  readonly code: ErrorCode;
  /** True when the same call may succeed later without any change by the caller. */
  readonly retryable: boolean;
  /** Whether the write happened: definite, or `'unknown'` when a deadline passed or the session is gone. */
  readonly outcome: Outcome;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, options: CoordinationErrorOptions = {}) {
    const details = options.details ?? {};
    super(
      options.message ?? describe(code, details),
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.code = code;
    this.retryable = retryableCodes.has(code);
    this.outcome = options.outcome ?? 'not-applied';
    this.details = Object.freeze({ ...details });
  }
}

const sentences: Readonly<Record<ErrorCode, string>> = {
  BAD_ARGUMENTS: 'an argument cannot be used',
  NO_NODE: 'there is no znode at this path; create it first, or use `parents` or `create`',
  NODE_EXISTS: 'there is a znode at this path already; use `ifAbsent` if that is fine',
  NOT_EMPTY: 'the znode has children; use `recursive` to delete them too',
  BAD_VERSION: 'the znode has another version; read it again and decide anew',
  COMPARE_FAILED: 'the value is not the expected one, so nothing of this multi was applied',
  NOT_A_NUMBER: 'the value is not an integer of the same type as the increment',
  OVERFLOW: 'the result would leave the range of its integer type',
  NO_CHILDREN_FOR_EPHEMERALS: 'an ephemeral znode cannot have children',
  PATCH_FAILED: 'the patches do not fit the value that they were applied to',
  LIMIT_EXCEEDED: 'a limit is exceeded',
  QUOTA_EXCEEDED: 'a quota is exceeded',
  NO_AUTH: 'this session may not do that',
  AUTH_FAILED: 'the session id and its secret do not match',
  SESSION_EXPIRED: 'the session has expired; open a new one',
  SESSION_CLOSED: 'the session was closed',
  PEER_CLOSED: 'the peer was closed',
  OPERATION_TIMEOUT: 'the deadline passed before an answer came',
  UNAVAILABLE: 'no majority of the ensemble was within reach until the deadline',
  NOT_FULLY_REPLICATED: 'the write is committed, but not every voter had it durably before the deadline',
  OVERLOADED: 'too much is in flight; try again when some of it is answered',
  COMPACTED: 'the history no longer reaches back that far; start with a snapshot',
  WATCH_OVERFLOW: 'the watcher did not keep up; start again, or use `overflow: "resync"`',
  UNSUPPORTED_VERSION: 'a format version is unknown to this release',
  CORRUPTED: 'stored bytes are damaged',
  STORAGE_FAILED: 'the storage failed; this peer has stopped',
  PROTOCOL: 'a frame or message breaks the protocol',
  FATAL: 'an internal failure stopped this peer',
  STORAGE_FULL: 'there is no room on the disk',
};

function describe(code: ErrorCode, details: ErrorDetails): string {
  const parts = [`${code}: ${details.reason ?? sentences[code]}`];
  if (details.path !== undefined) parts.push(`path ${JSON.stringify(details.path)}`);
  if (details.argument !== undefined) parts.push(`argument ${details.argument}`);
  if (details.index !== undefined) parts.push(`operation ${details.index}`);
  if (details.expected !== undefined) parts.push(`expected ${details.expected}`);
  if (details.actual !== undefined) parts.push(`found ${details.actual}`);
  if (details.limit !== undefined) {
    parts.push(`limit ${details.limit} = ${details.limitValue}, measured ${details.measured}`);
  }
  if (details.oldestZxid !== undefined) parts.push(`oldest zxid ${details.oldestZxid}`);
  if (details.deadlineMs !== undefined) parts.push(`deadline ${details.deadlineMs} ms`);
  return parts.join('; ');
}
