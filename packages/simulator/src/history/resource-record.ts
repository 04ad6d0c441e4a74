/**
 * What users of locks and queues did and saw. Recipes (or a workload's own) write these down themselves, because
 * only they know which calls of a session are one acquisition. Positions are those of operations.
 */

/** One attempt to hold a lock. */
export interface LockRecord {
  readonly kind: 'lock';
  readonly lock: string;
  readonly client: string;
  readonly session: string;
  readonly calledAt: number;
  /** Undefined: it never got the lock, or nobody knows. */
  readonly acquired:
    | { readonly at: number; readonly token: number; readonly znode: string | undefined }
    | undefined;
  /** When the holder stopped to believe in it: a release called, or the loss noticed. Infinity: never. */
  readonly releasedAt: number;
}

/** One access of a resource that a lock guards. */
export interface FencedAccess {
  readonly kind: 'access';
  readonly lock: string;
  readonly client: string;
  readonly token: number;
  /** When the resource decided. */
  readonly at: number;
  readonly accepted: boolean;
}

/** One element put into a queue, or one attempt to take one. */
export interface QueueRecord {
  readonly kind: 'put' | 'take';
  readonly queue: string;
  readonly client: string;
  /** Unique in its queue. Undefined for a take that got nothing, or of which nobody knows what it got. */
  readonly element: string | undefined;
  readonly calledAt: number;
  /** Infinity while pending. */
  readonly returnedAt: number;
  /** `unknown`: it may have happened. */
  readonly outcome: 'applied' | 'not-applied' | 'unknown';
}
