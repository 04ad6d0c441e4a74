/** The machine's answers as the naive model shows its own: plain, comparable, without references to records. */
import type { OpError, OpResult, Reply } from '../../codec/reply.ts';
import type { StatFields } from '../../codec/stat.ts';
import type { ZnodeRecord } from '../../tree/znode-record.ts';
import type { AppliedItem, SessionView, Transaction } from '../contract.ts';
import type { Machine } from '../machine.ts';
import type { NaiveModel, NaiveTransaction } from './naive-model.ts';
import { hexOf } from './naive-tree.ts';

export function recordView(record: ZnodeRecord | undefined): unknown {
  if (record === undefined) return undefined;
  const { path, ttlMs, owner, czxid, mzxid, pzxid, ctime, mtime, version, cversion } = record;
  const { createCount, elapsedMs, childrenCount } = record;
  const stat = {
    czxid,
    mzxid,
    pzxid,
    ctime,
    mtime,
    version,
    cversion,
    createCount,
    elapsedMs,
    childrenCount,
  };
  return { path, value: hexOf(record), kind: record.createKind, ttlMs, owner, ...stat };
}

export function itemView(item: AppliedItem): unknown {
  if (item.kind === 'replies') return { ...item, replies: item.replies.map(replyView) };
  if (item.kind === 'system') return { ...item, reply: replyView(item.reply) };
  return item;
}

export function transactionView(transaction: Transaction): unknown {
  const { zxid, changes } = transaction;
  return {
    zxid,
    changes: changes.map(({ path, before, after }) => ({
      path,
      before: recordView(before),
      after: recordView(after),
    })),
  };
}

export function modelTransactionView(transaction: NaiveTransaction): unknown {
  const { zxid, changes } = transaction;
  return { zxid, changes: changes.map(({ path, before, after }) => ({ path, before, after })) };
}

export function treeView(machine: Machine): unknown[] {
  return Array.from(machine.tree.walk('/'), recordView);
}

export function modelTreeView(model: NaiveModel): unknown[] {
  const viewsBelow = (path: string): unknown[] => [
    model.tree.view(path),
    ...model.tree.children(path).flatMap(viewsBelow),
  ];
  return viewsBelow('/');
}

export function modelSessionViews(model: NaiveModel): SessionView[] {
  return Object.entries(model.state.sessions).map(([id, session]) => {
    const sessionId = Number(id);
    const owned = Object.values(model.state.znodes).filter((znode) => znode.owner === sessionId);
    const { timeoutMs, holder, lastRequest, openedAtMs } = session;
    return { sessionId, timeoutMs, holder, lastRequest, ephemeralsCount: owned.length, openedAtMs };
  });
}

function replyView(reply: Reply): unknown {
  return { zxid: reply.zxid, result: resultView(reply.result) };
}

function resultView(result: OpResult | OpError): unknown {
  switch (result.kind) {
    case 'none':
    case 'session':
      return result;
    case 'stat':
      return { kind: 'stat', stat: statView(result.stat) };
    case 'created':
      return { ...result, stat: statView(result.stat) };
    case 'compared':
      return { ...result, previous: hexOf(result.previous), stat: statView(result.stat) };
    case 'number': {
      const { value } = result;
      return { kind: 'number', value: String(value), type: typeof value, stat: statView(result.stat) };
    }
    case 'patched':
      return { kind: 'patched', value: hexOf(result.value), stat: statView(result.stat) };
    case 'multi':
      return { kind: 'multi', results: result.results.map(resultView) };
    case 'error':
      return { kind: 'error', code: result.code, index: result.details.index };
  }
}

function statView(stat: StatFields): unknown {
  const { czxid, mzxid, pzxid, ctime, mtime, version, cversion, aversion } = stat;
  const { owner, dataLength, childrenCount } = stat;
  return { czxid, mzxid, pzxid, ctime, mtime, version, cversion, aversion, owner, dataLength, childrenCount };
}
