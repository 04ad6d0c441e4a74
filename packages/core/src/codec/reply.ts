/**
 * Replies: what apply answers to one command. Replicas keep them until the session acknowledges them, so a
 * retried command gets the original answer. They refer to records instead of copying them: `stat` is any
 * object with the fields, `previous` any place where encoded bytes lie.
 */
import type { ErrorCode, ErrorDetails } from '../errors.ts';
import type { StatFields } from './stat.ts';
import type { ValueSource } from './value.ts';

export type OpResult =
  | { readonly kind: 'none' }
  | { readonly kind: 'stat'; readonly stat: StatFields }
  | { readonly kind: 'created'; readonly path: string; readonly stat: StatFields; readonly created: boolean }
  | {
      readonly kind: 'compared';
      readonly swapped: boolean;
      readonly previous: ValueSource;
      readonly stat: StatFields;
    }
  | { readonly kind: 'number'; readonly value: number | bigint; readonly stat: StatFields }
  | { readonly kind: 'patched'; readonly value: ValueSource; readonly stat: StatFields }
  | { readonly kind: 'multi'; readonly results: readonly OpResult[] }
  /** open-session, resume-session. `nextRequest` is the number that the holder must use first. */
  | {
      readonly kind: 'session';
      readonly sessionId: number;
      readonly timeoutMs: number;
      readonly holder: number;
      readonly nextRequest: number;
    };

export interface OpError {
  readonly kind: 'error';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
}

/** What apply answered to one command, and the command's place in the total order. */
export interface Reply {
  readonly zxid: number;
  readonly result: OpResult | OpError;
}
