/**
 * DedupOnce: each request of a session is applied at most once: whoever answers it, and however often, answers with
 * the same zxid.
 *
 * Source: Raft thesis 6.3; semantics.md, Writes (exactly once).
 * Boundaries: a repeated answer comes from the record. zxids of one session rise with its request numbers. A number
 * that a resumption takes has no answer.
 */
import { InvariantBroken, type Invariant, type InvariantWatch } from '../invariant.ts';

export const dedupOnce: Invariant = {
  name: 'DedupOnce',
  statement: 'Each request of a session is applied at most once.',
  source: 'Raft thesis 6.3; semantics.md, Writes',
  watch(): InvariantWatch {
    /** By session, the zxid of each request. */
    const answered = new Map<number, (number | undefined)[]>();
    return {
      stepped({ peer, output }) {
        for (const { items, index } of output.applied) {
          for (const item of items) {
            if (item.kind !== 'replies') continue;
            const { sessionId, firstRequest, replies } = item;
            let zxids = answered.get(sessionId);
            if (zxids === undefined) answered.set(sessionId, (zxids = []));
            for (const [at, { zxid }] of replies.entries()) {
              const request = firstRequest + at;
              const known = zxids[request];
              zxids[request] = zxid;
              const previous = zxids[request - 1] ?? 0;
              if ((known === undefined || known === zxid) && zxid > previous) continue;
              throw new InvariantBroken('DedupOnce', 'a request was applied twice, or out of order', {
                member: peer.member,
                index,
                sessionId,
                request,
                firstZxid: known,
                secondZxid: zxid,
                previousZxid: previous,
              });
            }
          }
        }
      },
    };
  },
};
