/**
 * BytesInFlightBound: a leader has no more on its way to a follower than its limits say.
 *
 * Source: limits.ts (followerMessagesInFlightMax, followerBytesInFlightMax); reliability.md 3.6 (flow control).
 * Boundaries: the last append may go beyond the bytes by its own size; one entry may be larger than any bound.
 */
import type { ReplicaMessage } from '@quorate/core/inspect';
import { InvariantBroken, type Invariant, type InvariantWatch, type ObservedPeer } from '../invariant.ts';
import { entriesBytes } from './entries-bytes.ts';

export const bytesInFlightBound: Invariant = {
  name: 'BytesInFlightBound',
  statement: 'What is on its way to a follower keeps to its limits.',
  source: 'limits.ts',
  watch(): InvariantWatch {
    const judge = (peer: ObservedPeer, message: ReplicaMessage): void => {
      if (message.kind !== 'append' || message.entries.length === 0) return;
      const { raft, config } = peer.replica;
      const view = raft.progressOf(message.to);
      if (view === undefined) return;
      const { followerMessagesInFlightMax, followerBytesInFlightMax } = config.raft;
      const bytesMax = followerBytesInFlightMax + entriesBytes(message.entries);
      if (view.messagesInFlight <= followerMessagesInFlightMax && view.bytesInFlight <= bytesMax) return;
      throw new InvariantBroken('BytesInFlightBound', 'too much is on its way to a follower', {
        leader: peer.member,
        follower: message.to,
        messagesInFlight: view.messagesInFlight,
        messagesMax: followerMessagesInFlightMax,
        bytesInFlight: view.bytesInFlight,
        bytesMax,
      });
    };
    return {
      stepped({ peer, output, after }) {
        if (after.role !== 'leader') return;
        // Only the last append of a step to a follower may exceed the bound.
        const judged = new Set<string>();
        for (let at = output.sendNow.length - 1; at >= 0; at -= 1) {
          const message = output.sendNow[at];
          if (message?.kind !== 'append' || judged.has(message.to)) continue;
          judged.add(message.to);
          judge(peer, message);
        }
      },
    };
  },
};
