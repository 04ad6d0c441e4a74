/** Ticks as the timers of Raft count them, written again here: a stall must not run out a timer by one input. */
import type { ReplicaInput } from '@quorate/core/inspect';

/** How far this input moves the timers of a peer with that election time-out; 0: it is no tick. */
export function timerTicks(input: ReplicaInput | undefined, electionTicks: number): number {
  if (input?.kind !== 'tick') return 0;
  return Math.min(input.count, Math.max(1, Math.floor(electionTicks / 2)));
}
