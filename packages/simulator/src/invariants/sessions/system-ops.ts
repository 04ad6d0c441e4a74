/** Commands of the ensemble itself in an entry, decoded; those of sessions are passed over. */
import { decodeBatch, isSystemBatch, splitBatches, type SystemOp } from '@quorate/core/inspect';
import type { Entry } from '@quorate/core/ports';

/** In the order of the entry, one for each that can be decoded. */
export function systemOpsOf({ kind, body }: Entry): readonly SystemOp[] {
  if (kind !== 'commands') return [];
  const ops: SystemOp[] = [];
  for (const { start, end } of splitBatches(body)) {
    if (!isSystemBatch(body, start)) continue;
    const batch = decodeBatch(body, start, end);
    if (batch?.kind === 'system') ops.push(batch.op);
  }
  return ops;
}
