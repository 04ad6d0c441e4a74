/** Watches (B56) and reads (B59, B60). */
import type { Mutant } from '../mutant.ts';

const core = 'packages/core/src/';

export const reads: readonly Mutant[] = [
  {
    id: 'B56a',
    profile: 'tight-deposed',
    bug: 'a watch loses what happened between its replica and a snapshot that it received',
    edits: [
      {
        file: `${core}replica/applier.ts`,
        find: '    this.watches.carryOver(machine, before, (delivery) => void out.watches.push(delivery));\n',
        replace: '',
      },
    ],
  },
  {
    id: 'B56b',
    bug: 'a resumed watch gets its last transaction again',
    edits: [
      {
        file: `${core}machine/history.ts`,
        find: 'if (this.#columns.zxidAt(middle) <= zxid) low = middle + 1;',
        replace: 'if (this.#columns.zxidAt(middle) < zxid) low = middle + 1;',
      },
    ],
  },
  {
    id: 'B56c',
    profile: 'busy',
    bug: 'a watch that asks for compacted history gets what is left of it',
    edits: [
      {
        file: `${core}machine/history.ts`,
        find: "    if (zxid < this.#evictedThrough) return 'compacted';\n",
        replace: '',
      },
    ],
  },
  {
    id: 'B56d',
    bug: 'reads are answered before the events of what they show',
    edits: [
      {
        file: `${core}replica/applier.ts`,
        find: '      for (const transaction of result.transactions) this.watches.publish(transaction, deliver);\n      applied(index);\n',
        replace:
          '      if (index % 3 > 0) for (const transaction of result.transactions) this.watches.publish(transaction, deliver);\n      applied(index);\n',
      },
    ],
  },
  {
    id: 'B56e',
    profile: 'tight',
    bug: 'a watch that begins with a snapshot gets the last change a second time',
    edits: [
      {
        file: `${core}replica/watch-hub.ts`,
        find: '      if (transaction.zxid > since) {\n',
        replace: '      if (transaction.zxid >= since - 3) {\n',
      },
      {
        file: `${core}replica/watch-hub.ts`,
        find: '          missed.filter((transaction) => transaction.zxid > since),\n',
        replace: '          missed.filter((transaction) => transaction.zxid > since - 3),\n',
      },
      {
        file: `${core}replica/watch-hub.ts`,
        find: 'const missed = machine.transactionsAfter(before);',
        replace: 'const missed = machine.transactionsAfter(Math.max(before - 3, machine.oldestZxid));',
      },
    ],
  },
  {
    id: 'B59a',
    bug: 'a leader answers reads without asking a majority',
    edits: [
      {
        file: `${core}raft/read-index.ts`,
        find: 'if (first === undefined || first.round > confirmed) return;',
        replace: 'if (first === undefined || first.round > confirmed + 1_000_000) return;',
      },
    ],
  },
  {
    id: 'B59b',
    bug: 'a new leader answers reads before it has committed an entry of its term',
    edits: [
      {
        file: `${core}raft/read-index.ts`,
        find: 'if (!state.hasCommittedOwnTerm || leadership.readRounds.length >= readRoundsMax) return;',
        replace: 'if (leadership.readRounds.length >= readRoundsMax) return;',
      },
    ],
  },
  {
    id: 'B59c',
    bug: 'a round that began before a read was asked for confirms it',
    edits: [
      {
        file: `${core}raft/read-index.ts`,
        find: '  leadership.round += 1;\n',
        replace: '  leadership.round = Math.max(leadership.round, 1);\n',
      },
    ],
  },
  {
    id: 'B59d',
    profile: 'trickle',
    bug: 'a confirmed read does not wait until its index is applied here',
    edits: [
      {
        file: `${core}replica/pending-reads.ts`,
        find: 'if (pending.readIndex === undefined || pending.readIndex > progress.appliedIndex) return false;',
        replace: 'if (pending.readIndex === undefined) return false;',
      },
    ],
  },
  {
    id: 'B60',
    bug: 'linearizable reads are served by the replica as it is',
    edits: [
      {
        file: `${core}replica/pending-reads.ts`,
        find: '  if (isLinearizable(pending)) {\n',
        replace: '  if (isLinearizable(pending) && pending.request.id < 0) {\n',
      },
    ],
  },
  {
    id: 'S09',
    bug: "a read does not wait for the session's earlier writes",
    edits: [
      {
        file: `${core}replica/pending-reads.ts`,
        find: '  return sessionId === 0 || afterRequest === 0 || progress.lastRequestOf(sessionId) >= afterRequest;\n',
        replace: '  return sessionId >= 0 || progress.lastRequestOf(sessionId) >= afterRequest;\n',
      },
    ],
  },
];
