/**
 * SessionEphemeral: an ephemeral znode lives exactly as long as the session that owns it.
 *
 * Source: semantics.md, Tree and Sessions (ephemerals go atomically with their session); ZooKeeper's contract.
 * Boundaries: a session that ends within a step has none at the end of that step. Ids of sessions are never used
 * again, so a session that has ended never owns anything later.
 */
import { InvariantBroken, type Invariant, type InvariantWatch, type ObservedPeer } from '../invariant.ts';
import { InTurn } from '../in-turn.ts';

export const sessionEphemeral: Invariant = {
  name: 'SessionEphemeral',
  statement: 'An ephemeral znode lives exactly as long as its session.',
  source: 'semantics.md, Tree',
  watch(): InvariantWatch {
    const inTurn = new InTurn();
    return {
      stepped({ peer, output }) {
        for (const { items, index } of output.applied) {
          for (const item of items) {
            if (item.kind !== 'session-ended') continue;
            const left = peer.replica.machine.tree.ephemeralsOf(item.sessionId);
            if (left.size === 0) continue;
            throw new InvariantBroken('SessionEphemeral', 'ephemerals outlive their session', {
              member: peer.member,
              index,
              sessionId: item.sessionId,
              left: [...left],
            });
          }
        }
      },
      swept({ peers }) {
        for (const peer of inTurn.next(peers)) judgeTree(peer);
      },
      ended({ peers }) {
        for (const peer of peers) judgeTree(peer);
      },
    };
  },
};

function judgeTree({ member, replica: { machine } }: ObservedPeer): void {
  for (const { path, createKind, owner, childrenCount } of machine.tree.walk('/')) {
    const isEphemeral = createKind === 'ephemeral';
    const isAlive = machine.session(owner) !== undefined;
    if (isEphemeral ? isAlive && childrenCount === 0 : owner === 0) continue;
    throw new InvariantBroken('SessionEphemeral', 'a znode has no owner that lives', {
      member,
      path,
      createKind,
      owner,
      isAlive,
      childrenCount,
    });
  }
}
