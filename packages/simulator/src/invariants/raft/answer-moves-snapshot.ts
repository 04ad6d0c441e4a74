/**
 * AnswerMovesSnapshot: when the receiver of a snapshot answers a chunk under way by asking for another one, the leader
 * goes to that one at once, or begins anew.
 *
 * Source: Raft thesis 5.1; catalogue B39 (a receiver that has lost what it had is sent the rest: openraft 946dc3f9,
 * ZK-3642).
 * How: a chunk is under way from the step that sends it until the step that reads another one for the same receiver.
 * The answer counts in the leader's term and if it speaks of that snapshot; the read must be asked for in the same
 * step. SnapshotFollowsAnswers sees the harm later: the same chunk again and again.
 * Boundaries: an answer that comes while a chunk is being read may be passed over, the next one puts it right. A
 * receiver that needs no snapshot any more, or has been born again, ends the transfer.
 */
import {
  InvariantBroken,
  type Invariant,
  type InvariantWatch,
  type ObservedPeer,
  type ObservedStep,
} from '../invariant.ts';

interface Chunk {
  readonly term: number;
  readonly index: number;
  readonly offset: number;
}

export const answerMovesSnapshot: Invariant = {
  name: 'AnswerMovesSnapshot',
  statement: 'A snapshot goes at once to the chunk that is asked for.',
  source: 'Raft thesis 5.1',
  watch(): InvariantWatch {
    /** By receiver, the chunk that is under way to it. */
    const underWay = new WeakMap<ObservedPeer, Map<string, Chunk>>();
    return {
      stepped(step) {
        const { peer, output, after } = step;
        let chunks = underWay.get(peer);
        if (after.role !== 'leader') {
          chunks?.clear();
          return;
        }
        if (chunks !== undefined) judge(step, chunks);
        for (const { to } of output.snapshotReads) chunks?.delete(to);
        for (const messages of [output.sendNow, output.sendAfterPersist]) {
          for (const message of messages) {
            if (message.kind !== 'install-snapshot') continue;
            if (chunks === undefined) underWay.set(peer, (chunks = new Map()));
            const { term, offset, meta } = message;
            chunks.set(message.to, { term, offset, index: meta.index });
          }
        }
      },
    };
  },
};

function judge({ peer, input, output, after }: ObservedStep, chunks: ReadonlyMap<string, Chunk>): void {
  if (input?.kind !== 'message' || input.message.kind !== 'install-snapshot-reply') return;
  const { from, index, installed, nextOffset, term } = input.message;
  const chunk = chunks.get(from);
  if (chunk?.index !== index || chunk.term !== term || term !== after.term) return;
  if (installed || nextOffset === chunk.offset) return;
  if (peer.replica.raft.progressOf(from)?.state !== 'snapshot') return;
  const isFollowed = output.snapshotReads.some(
    ({ to, offset }) => to === from && (offset === nextOffset || offset === 0),
  );
  if (isFollowed) return;
  throw new InvariantBroken('AnswerMovesSnapshot', 'a leader passes over what a receiver asks for', {
    leader: peer.member,
    to: from,
    index,
    offset: chunk.offset,
    asked: nextOffset,
  });
}
