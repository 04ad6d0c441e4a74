/**
 * How a tool follows the calls of a session from outside of it: which number each got in the session, where in
 * the total order the ensemble says that it took effect, and what reached the queue of a watch. Recorders of
 * histories need exactly what the public API does not tell.
 *
 * Everything is told synchronously, in the order in which it happens. What an observer throws is a bug of the tool
 * and comes out wherever the session was called.
 */

/** One read or write on its way; the same object in `called` and `answered`. */
export type ObservedCall =
  /** `request` is its number in the session, 0 until it has one. A call that is given up may never get one. */
  { readonly isWrite: true; readonly request: number } | { readonly isWrite: false };

/** See {@link ObservedCall}. */
export interface SessionObserver {
  /** Within the method that was called; `update` makes several, and later ones come after its recipe returned. */
  called(call: ObservedCall): void;
  /** The answer is here; the caller hears of it after this, unless it has left. */
  answered(call: ObservedCall, zxid: number): void;
  /** Within `watch()`. */
  watched(watch: object): void;
  /** A snapshot or the changes of one transaction are in the queue of this watch. */
  delivered(watch: object, delivery: { readonly kind: 'snapshot' | 'changes'; readonly zxid: number }): void;
  /** Nothing more comes into that queue: the watch was left, it failed, or its session ended. */
  ended(watch: object): void;
}
