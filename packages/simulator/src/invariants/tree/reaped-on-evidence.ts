/**
 * ReapedOnEvidence: the ensemble deletes a container or a TTL znode only in the very state in which its leader found
 * it due: no child came or went, and nobody wrote it, since.
 *
 * Source: semantics.md, Tree (conditional on the pzxid or mzxid that justified it, judged at apply); catalogue B65.
 * How: what a deletion names is compared with the znode that it deleted, as the history holds it.
 * Boundaries: a history so short that it has forgotten the deletion already tells nothing.
 */
import type { SystemOp } from '@quorate/core/inspect';
import { InvariantBroken, type Invariant, type InvariantWatch, type ObservedPeer } from '../invariant.ts';
import { systemOpsOf } from '../sessions/system-ops.ts';

export const reapedOnEvidence: Invariant = {
  name: 'ReapedOnEvidence',
  statement: 'A container or TTL znode is deleted only as it was when it was found due.',
  source: 'semantics.md, Tree',
  watch({ fresh }): InvariantWatch {
    return {
      stepped({ peer, output }) {
        for (const { items, index } of output.applied) {
          if (index <= fresh.index || !items.some(({ kind }) => kind === 'system')) continue;
          const ops = systemOpsOf(peer.replica.raft.entryAt(index));
          const answers = items.filter((item) => item.kind === 'system');
          for (const [at, { reply }] of answers.entries()) {
            const op = ops[at];
            if (op !== undefined && reply.result.kind !== 'error')
              judge(peer, op, { index, zxid: reply.zxid });
          }
        }
      },
    };
  },
};

function judge(
  { member, replica }: ObservedPeer,
  op: SystemOp,
  place: { readonly index: number; readonly zxid: number },
): void {
  if (op.kind !== 'reap-container' && op.kind !== 'reap-ttl') return;
  const transactions = replica.machine.transactionsAfter(place.zxid - 1);
  if (transactions === 'compacted') return;
  const transaction = transactions.find(({ zxid }) => zxid === place.zxid);
  const deleted = transaction?.changes.find(({ before }) => before?.path === op.path)?.before;
  if (deleted === undefined) return;
  const isJustified = op.kind === 'reap-container' ? deleted.pzxid === op.pzxid : deleted.mzxid === op.mzxid;
  if (isJustified) return;
  const { pzxid, mzxid } = deleted;
  throw new InvariantBroken(
    'ReapedOnEvidence',
    'a znode was reaped that had changed since it was found due',
    {
      member,
      ...place,
      op,
      deleted: { pzxid, mzxid },
    },
  );
}
