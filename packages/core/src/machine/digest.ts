/**
 * The digest of the replicated state: equal on all replicas at the same index, or one of them has computed
 * something else. It is a sum over the parts, so it costs what changed since it was last asked for.
 */
import { finish, mix } from '../codec/hash.ts';
import { hashLimits, type Lanes } from './hashes.ts';
import type { MachineState } from './state.ts';

const lowSeed = 0x6a_09_e6_67;
const highSeed = 0x3b_af_72_15;

/** 16 lower-case hexadecimal digits over tree, sessions, replies, history, limits, zxid and times. */
export function digestOf(state: MachineState): string {
  const parts: readonly Lanes[] = [
    state.tree.digest,
    state.sessions.lanes(),
    state.history.lanes(),
    hashLimits(state.limits, state.configured),
  ];
  let low = mixState(lowSeed, state);
  let high = mixState(highSeed, state);
  for (const part of parts) {
    low = mix(low, part.low);
    high = mix(high, part.high);
  }
  return hexadecimal(finish(high)) + hexadecimal(finish(low));
}

function mixState(seed: number, state: MachineState): number {
  let hash = mix(seed, state.zxid);
  hash = mix(hash, state.moment.wallMs);
  hash = mix(hash, state.moment.elapsedMs);
  return mix(hash, state.history.evictedThrough);
}

function hexadecimal(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}
