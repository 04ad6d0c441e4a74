/**
 * ReadIndexOfOwnTerm: a leader gives a read index only that is not before the first entry of its own term.
 *
 * Source: Raft thesis 6.4 (step 1: wait until an entry of the own term is committed); catalogue B59 (etcd-io/raft
 * f9382a4, etcd #7331).
 * How: where a leader's term begins in its log is seen when it is elected; a read index is its commit index, so one
 * before that place was taken when nothing of its term was committed, and an earlier leader may have committed more.
 * LinearizableReadIsFresh sees the harm, which needs an earlier commit that this leader does not know of yet; this
 * one sees the broken promise.
 */
import {
  InvariantBroken,
  type Invariant,
  type InvariantWatch,
  type ObservedPeer,
  type ObservedStep,
} from '../invariant.ts';

interface Leadership {
  readonly term: number;
  readonly firstIndex: number;
}

export const readIndexOfOwnTerm: Invariant = {
  name: 'ReadIndexOfOwnTerm',
  statement: 'A leader confirms reads only when an entry of its own term is committed.',
  source: 'Raft thesis 6.4',
  watch(): InvariantWatch {
    const leaderships = new WeakMap<ObservedPeer, Leadership>();
    return {
      stepped(step) {
        const { peer, before, after } = step;
        if (after.role !== 'leader') return;
        if (before.role !== 'leader' || before.term !== after.term) {
          leaderships.set(peer, { term: after.term, firstIndex: before.lastIndex + 1 });
        }
        const firstIndex = leaderships.get(peer)?.firstIndex ?? 0;
        for (const { index, to } of readIndexesGiven(step)) {
          if (index >= firstIndex) continue;
          throw new InvariantBroken('ReadIndexOfOwnTerm', 'a leader reads before its term has committed', {
            leader: peer.member,
            term: after.term,
            to,
            index,
            firstIndex,
          });
        }
      },
    };
  },
};

/** To itself and to others; a refusal has no index. */
function* readIndexesGiven({
  peer,
  output,
}: ObservedStep): Generator<{ readonly index: number; readonly to: string }> {
  for (const notice of output.notices) {
    if (notice.kind === 'read-index') yield { index: notice.index, to: peer.member };
  }
  for (const messages of [output.sendNow, output.sendAfterPersist]) {
    for (const message of messages) {
      if (message.kind === 'read-index-reply' && message.index >= 0) yield message;
    }
  }
}
