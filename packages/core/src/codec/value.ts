/**
 * What a znode may hold, as types. The encoding is in value-encode.ts, value-decode.ts and value-check.ts.
 */

/** Everything that a znode can hold. What is read is deeply frozen. */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly Value[]
  | { readonly [key: string]: Value };

type Primitive = null | boolean | number | bigint | string;

/**
 * Accepts any type that is made of {@link Value} (interfaces, unions and optional properties too) and rejects the
 * rest at compile time: a function, a Map or a class instance anywhere in it makes it `never`.
 *
 * The intersection lets the compiler infer T from all of a union; from the check alone it takes the first part.
 */
export type Storable<T> = T & MadeOfValues<NoInfer<T>>;

type MadeOfValues<T> = [T] extends [Value]
  ? T // Also ends the recursion for Value itself, which has no depth.
  : T extends Primitive | Uint8Array
    ? T
    : T extends (...args: never[]) => unknown
      ? never
      : T extends symbol | undefined
        ? never
        : T extends ReadonlyMap<unknown, unknown> | ReadonlySet<unknown> | Date | RegExp | Promise<unknown>
          ? never
          : T extends readonly unknown[]
            ? { readonly [K in keyof T]: MadeOfValues<T[K]> }
            : T extends object
              ? { readonly [K in keyof T]: MadeOfValues<T[K]> }
              : never;

/**
 * An encoded value where it lies: the bytes of `source` from `start` (inclusive) to `end` (exclusive).
 * A view costs no allocation; records, replies and history hold values this way.
 */
export interface ValueSource {
  readonly source: Uint8Array;
  readonly start: number;
  readonly end: number;
}
