/**
 * MessageBounds: no message is larger than its limits allow.
 *
 * Source: limits.ts (appendEntriesMax, appendBytesMax, snapshotChunkBytes, frameBytesMax); catalogue B52.
 * Boundaries: an append with one entry may exceed appendBytesMax, the frame bounds it then. A chunk may exceed its
 * bound by one record.
 */
import type { ReplicaConfig, ReplicaMessage } from '@quorate/core/inspect';
import { InvariantBroken, type Invariant, type InvariantWatch } from '../invariant.ts';
import { entriesBytes } from './entries-bytes.ts';

export const messageBounds: Invariant = {
  name: 'MessageBounds',
  statement: 'No message is larger than its limits allow.',
  source: 'limits.ts',
  watch(): InvariantWatch {
    return {
      sent({ peer, message }) {
        const problem = excess(message, peer.replica.config);
        if (problem === undefined) return;
        throw new InvariantBroken('MessageBounds', problem.what, {
          member: peer.member,
          to: message.to,
          kind: message.kind,
          measured: problem.measured,
          max: problem.max,
        });
      },
    };
  },
};

interface Excess {
  readonly what: string;
  readonly measured: number;
  readonly max: number;
}

function excess(message: ReplicaMessage, { raft, frameBytesMax }: ReplicaConfig): Excess | undefined {
  if (message.kind === 'install-snapshot') {
    return above('a chunk does not fit a frame', message.bytes.length, frameBytesMax);
  }
  if (message.kind !== 'append') return undefined;
  const { entries } = message;
  const bytesMax = entries.length > 1 ? raft.appendBytesMax : frameBytesMax;
  return (
    above('an append has too many entries', entries.length, raft.appendEntriesMax) ??
    above('an append has too many bytes', entriesBytes(entries), bytesMax)
  );
}

function above(what: string, measured: number, max: number): Excess | undefined {
  return measured > max ? { what, measured, max } : undefined;
}
