/** What the replica answers, as a session in this process gets it: records become views, decoded when first asked for. */
import { mapAnswer } from '../codec/query.ts';
import type { QueryAnswer } from '../machine/contract.ts';
import type { WatchDelivery } from '../replica/contract.ts';
import type { LinkAnswer, LinkDelivery } from '../session/link.ts';
import { viewOf, viewOfOptional } from './views.ts';

export function linkAnswer(answer: QueryAnswer): LinkAnswer {
  return mapAnswer(answer, viewOf);
}

export function linkDelivery(delivery: WatchDelivery): LinkDelivery {
  switch (delivery.kind) {
    case 'snapshot': {
      const { zxid, znodes } = delivery;
      return {
        kind: 'snapshot',
        zxid,
        count: znodes.length,
        page: (start, end) =>
          znodes.slice(start, end).map((record) => ({ path: record.path, ...viewOf(record) })),
      };
    }
    case 'changes': {
      const { zxid, changes } = delivery.transaction;
      return {
        kind: 'changes',
        zxid,
        count: changes.length,
        change: (position) => {
          const change = changes[position];
          if (change === undefined) return { path: '', before: undefined, after: undefined };
          const { path, before, after } = change;
          return { path, before: viewOfOptional(before), after: viewOfOptional(after) };
        },
      };
    }
    case 'resumed':
      return { kind: 'resumed', zxid: delivery.zxid };
    case 'compacted':
    case 'too-large':
      return { kind: 'failed', ...watchFailure(delivery) };
  }
}

/** Why a watch cannot go on. */
export function watchFailure(
  delivery: Extract<WatchDelivery, { kind: 'compacted' | 'too-large' }>,
): Pick<Extract<LinkDelivery, { kind: 'failed' }>, 'code' | 'details'> {
  if (delivery.kind === 'compacted') {
    return { code: 'COMPACTED', details: { oldestZxid: delivery.oldestZxid } };
  }
  const { limitValue, measured } = delivery;
  return { code: 'LIMIT_EXCEEDED', details: { limit: 'watchSnapshotZnodesMax', limitValue, measured } };
}
