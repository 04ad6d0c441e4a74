/**
 * A seeded world in which production peers and your own code run, repeatably.
 *
 * @packageDocumentation
 */
export { InvariantBroken } from './invariants/invariant.ts';
export type {
  Invariant,
  InvariantWatch,
  ObservedPeer,
  ObservedSend,
  ObservedStep,
  ObservedWrite,
  WorldView,
} from './invariants/invariant.ts';
