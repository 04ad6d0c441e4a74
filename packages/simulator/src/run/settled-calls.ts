/**
 * AllCallsSettle: no call waits for ever. What a client has asked of a member of the core is answered, or refused,
 * soon after the faults: a call that is dropped on the way breaks no promise about order or content, and no other
 * checker misses it.
 *
 * Boundaries: a client that died with its process hears nothing. A write that wants every voter's disk waits for
 * members outside of the core as long as they are away.
 */
import type { OperationRecord } from '../history/operation.ts';
import { InvariantBroken } from '../invariants/invariant.ts';

/** Beside the session's time-out: to find a leader, to ask again, to wait for a disk. */
const patienceMs = 3_000;

export interface SettledFacts {
  readonly operations: readonly OperationRecord[];
  /** Clients that live, on members of the core. */
  readonly clients: ReadonlySet<string>;
  readonly healedAtMs: number;
  readonly nowMs: number;
  readonly sessionTimeoutMs: number;
}

/** Throws for the first call that was made too long ago and still waits. */
export function demandSettled({
  operations,
  clients,
  healedAtMs,
  nowMs,
  sessionTimeoutMs,
}: SettledFacts): void {
  for (const { call, calledAtMs, client, ending, session } of operations) {
    if (ending.kind !== 'pending' || !clients.has(client)) continue;
    if ('options' in call && 'acknowledge' in call.options && call.options.acknowledge === 'all') continue;
    const waitedMs = nowMs - Math.max(calledAtMs, healedAtMs);
    if (waitedMs <= patienceMs + sessionTimeoutMs) continue;
    const facts = { client, session, kind: call.kind, calledAtMs, waitedMs };
    throw new InvariantBroken('AllCallsSettle', 'a call is never answered', facts);
  }
}
