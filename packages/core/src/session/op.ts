/**
 * Operations of `multi` as plain frozen values. They keep the arguments as given: checking and encoding happen
 * when the multi is called, so that a bad one rejects there and names its position.
 */
import type { Storable } from '../codec/value.ts';
import type {
  CreateOptions,
  DeleteOptions,
  IncrementOptions,
  Operation,
  OperationOptions,
  SetOptions,
} from './api-types.ts';

/** Builders of operations: the arguments of the session's methods, without the options of the whole call. */
export interface OperationBuilders {
  /** Fails the multi with `BAD_VERSION` unless the znode has this version; -1 asks only that it exists. */
  check(path: string, version: number): Operation;
  create(path: string, value?: undefined, options?: OperationOptions<CreateOptions>): Operation;
  create<T>(path: string, value: Storable<T>, options?: OperationOptions<CreateOptions>): Operation;
  set<T>(path: string, value: Storable<T>, options?: OperationOptions<SetOptions>): Operation;
  delete(path: string, options?: OperationOptions<DeleteOptions>): Operation;
  /** Fails the multi with `COMPARE_FAILED` when the value is another. */
  compareAndSet<T, U = T>(path: string, expected: Storable<T>, value: Storable<U>): Operation;
  increment(path: string, by?: number | bigint, options?: OperationOptions<IncrementOptions>): Operation;
}

/**
 * Makes the operations of a `multi`.
 *
 * @example
 * await session.multi([op.check('/config', 3), op.set('/config', 1), op.delete('/draft')]);
 */
export const op: OperationBuilders = Object.freeze({
  check: (path: string, version: number): Operation => Object.freeze({ kind: 'check', path, version }),
  create: (path: string, value: unknown = null, options = {}): Operation =>
    Object.freeze({ kind: 'create', path, value, options }),
  set: (path: string, value: unknown, options = {}): Operation =>
    Object.freeze({ kind: 'set', path, value, options }),
  delete: (path: string, options = {}): Operation => Object.freeze({ kind: 'delete', path, options }),
  compareAndSet: (path: string, expected: unknown, value: unknown): Operation =>
    Object.freeze({ kind: 'compareAndSet', path, expected, value }),
  increment: (path: string, by: number | bigint = 1, options = {}): Operation =>
    Object.freeze({ kind: 'increment', path, by, options }),
});
