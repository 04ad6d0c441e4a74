/**
 * LinearizableReadIsFresh: a linearizable read is answered from a state that holds everything that was committed
 * when it was asked.
 *
 * Source: Raft thesis 6.4; semantics.md, Reads (sees every write that was answered anywhere before the call began).
 * Boundaries: committed as anybody knows it, which is before anybody was answered. Reads of a session's own order
 * promise less, and are no business of this one. A crash forgets who asked.
 */
import { InvariantBroken, type Invariant, type InvariantWatch, type ObservedPeer } from '../invariant.ts';

export const linearizableReadIsFresh: Invariant = {
  name: 'LinearizableReadIsFresh',
  statement: 'A linearizable read sees everything that was committed when it was asked.',
  source: 'Raft thesis 6.4; semantics.md, Reads',
  watch({ commits }): InvariantWatch {
    /** By peer and read, what was committed when it was asked. */
    const asked = new WeakMap<ObservedPeer, Map<number, number>>();
    return {
      stepped({ peer, input, output, after }) {
        if (input?.kind === 'read' && input.request.consistency === 'linearizable') {
          let reads = asked.get(peer);
          if (reads === undefined) asked.set(peer, (reads = new Map()));
          reads.set(input.request.id, commits.index);
        }
        if (input?.kind === 'cancel-read') asked.get(peer)?.delete(input.id);
        if (output.reads.length === 0) return;
        const reads = asked.get(peer);
        for (const { id } of output.reads) {
          const index = reads?.get(id);
          if (index === undefined) continue;
          reads?.delete(id);
          if (after.appliedIndex >= index) continue;
          throw new InvariantBroken(
            'LinearizableReadIsFresh',
            'a linearizable read was answered from the past',
            {
              member: peer.member,
              read: id,
              committedWhenAsked: index,
              appliedIndex: after.appliedIndex,
            },
          );
        }
      },
    };
  },
};
