/** One history of what several processes have recorded: their positions are of one order already. */
import type { RecordedHistory } from '../processes/messages.ts';

export function mergeHistories(parts: readonly RecordedHistory[]): RecordedHistory {
  const operations = parts.flatMap((part) => part.operations);
  const watches = parts.flatMap((part) => part.watches);
  return {
    operations: operations.sort(byCall).map((operation, id) => ({ ...operation, id })),
    watches: watches.sort(byCall).map((watch, id) => ({ ...watch, id })),
    sessions: parts.flatMap((part) => part.sessions),
  };
}

const byCall = (first: { readonly calledAt: number }, second: { readonly calledAt: number }): number =>
  first.calledAt - second.calledAt;
