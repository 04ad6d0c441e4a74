/**
 * SnapshotFollowsAnswers: a leader sends the chunk of a snapshot that its receiver has asked for.
 *
 * Source: Raft thesis 5.1; catalogue B39 (an interrupted transfer goes on where the receiver has nothing: openraft
 * 946dc3f9, ZK-3642).
 * How: a chunk that is neither the first, nor one that an answer since the last chunk has asked for, is counted; three
 * in a row to one receiver are too many.
 * Boundaries: without an answer the same chunk comes again. An answer that comes while the next chunk is being read,
 * or after the time-out, may be passed over: so one such chunk says nothing, and the next answer puts it right.
 */
import { InvariantBroken, type Invariant, type InvariantWatch, type ObservedPeer } from '../invariant.ts';

const strayChunksMax = 3;

interface Transfer {
  readonly term: number;
  readonly index: number;
  /** Offsets asked for since the last chunk. */
  readonly asked: Set<number>;
  strays: number;
}

export const snapshotFollowsAnswers: Invariant = {
  name: 'SnapshotFollowsAnswers',
  statement: 'A snapshot goes on where its receiver asks for.',
  source: 'Raft thesis 5.1',
  watch(): InvariantWatch {
    const transfers = new WeakMap<ObservedPeer, Map<string, Transfer>>();
    const transferOf = (peer: ObservedPeer, to: string, of: { term: number; index: number }): Transfer => {
      let byReceiver = transfers.get(peer);
      if (byReceiver === undefined) transfers.set(peer, (byReceiver = new Map()));
      const known = byReceiver.get(to);
      if (known?.term === of.term && known.index === of.index) return known;
      const fresh = { ...of, asked: new Set<number>(), strays: 0 };
      byReceiver.set(to, fresh);
      return fresh;
    };
    return {
      stepped({ peer, input, after }) {
        if (input?.kind !== 'message' || input.message.kind !== 'install-snapshot-reply') return;
        const { from, index, installed, nextOffset, term } = input.message;
        if (installed || term !== after.term || after.role !== 'leader') return;
        transferOf(peer, from, { term, index }).asked.add(nextOffset);
      },
      sent({ peer, message }) {
        if (message.kind !== 'install-snapshot') return;
        const { term, to, offset, meta } = message;
        const transfer = transferOf(peer, to, { term, index: meta.index });
        const { asked } = transfer;
        if (offset === 0 || asked.has(offset)) transfer.strays = 0;
        else if (asked.size > 0) transfer.strays += 1;
        if (transfer.strays >= strayChunksMax) {
          throw new InvariantBroken('SnapshotFollowsAnswers', 'a leader sends what nobody asks for', {
            leader: peer.member,
            to,
            index: meta.index,
            offset,
            asked: [...asked],
          });
        }
        asked.clear();
      },
    };
  },
};
