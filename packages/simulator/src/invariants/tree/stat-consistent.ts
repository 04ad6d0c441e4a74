/**
 * StatConsistent: the numbers of a stat agree with each other, with the change that made them, and with the tree.
 *
 * Source: ZooKeeper's stat; semantics.md, Tree.
 * How: each change once, when it is applied first; whole trees at a sweep.
 * Boundaries: a new znode has version 0 and its creation's zxid in all three places. mtime equals ctime until the
 * value changes; the wall never runs backwards. The root is older than every command.
 */
import type { Change, ZnodeRecord } from '@quorate/core/inspect';
import { InvariantBroken, type Invariant, type InvariantWatch, type ObservedPeer } from '../invariant.ts';
import { InTurn } from '../in-turn.ts';

export const statConsistent: Invariant = {
  name: 'StatConsistent',
  statement: 'The numbers of a stat agree with each other and with the tree.',
  source: 'semantics.md, Tree; ZooKeeper',
  watch({ fresh }): InvariantWatch {
    const inTurn = new InTurn();
    return {
      stepped(step) {
        if (step.after.zxid === step.before.zxid) return;
        for (const { zxid, changes } of fresh.transactionsOf(step)) {
          for (const change of changes) {
            const problem = changeProblem(zxid, change);
            if (problem === undefined) continue;
            throw new InvariantBroken('StatConsistent', problem, {
              member: step.peer.member,
              zxid,
              path: change.path,
              before: numbersOf(change.before),
              after: numbersOf(change.after),
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

function changeProblem(zxid: number, { before, after }: Change): string | undefined {
  if (after === undefined) return before === undefined ? 'a change of nothing' : undefined;
  if (before === undefined) {
    const isNew = after.czxid === zxid && after.mzxid === zxid && after.version === 0;
    return isNew ? undefined : 'a new znode does not begin as one';
  }
  if (after.mzxid !== zxid) return 'a changed value has another zxid';
  if (after.version !== before.version + 1) return 'a version does not count';
  if (after.czxid !== before.czxid || after.ctime !== before.ctime) return 'a creation has moved';
  if (after.mtime < before.mtime) return 'time runs backwards';
  return undefined;
}

function judgeTree({ member, replica: { machine } }: ObservedPeer): void {
  const { tree, zxid } = machine;
  for (const record of tree.walk('/')) {
    const problem =
      recordProblem(record, zxid) ?? childrenProblem(record, tree.names(record.path, undefined, Infinity));
    if (problem === undefined) continue;
    throw new InvariantBroken('StatConsistent', problem, {
      member,
      path: record.path,
      zxid,
      ...numbersOf(record),
    });
  }
}

function recordProblem(record: ZnodeRecord, zxid: number): string | undefined {
  const { czxid, mzxid, pzxid, ctime, mtime } = record;
  if (czxid > mzxid || czxid > pzxid) return 'a znode was changed before it was created';
  if (mzxid > zxid || pzxid > zxid) return 'a znode was changed in the future';
  if (ctime > mtime) return 'a znode is older than its value';
  return undefined;
}

function childrenProblem(record: ZnodeRecord, names: readonly string[]): string | undefined {
  const { childrenCount, createCount, cversion } = record;
  if (childrenCount !== names.length) return 'childrenCount does not count the children';
  if (createCount < childrenCount || cversion < createCount) return 'the counters of children disagree';
  return undefined;
}

function numbersOf(record: ZnodeRecord | undefined): Record<string, number> | undefined {
  if (record === undefined) return undefined;
  const { czxid, mzxid, pzxid, ctime, mtime, version, cversion, childrenCount, createCount } = record;
  return { czxid, mzxid, pzxid, ctime, mtime, version, cversion, childrenCount, createCount };
}
