/** Replication and commit (B14 to B29). */
import type { Mutant } from '../mutant.ts';

const raft = 'packages/core/src/raft/';

export const replication: readonly Mutant[] = [
  {
    id: 'B14',
    bug: 'an entry of an older term is committed by counting (Figure 8)',
    edits: [
      {
        file: `${raft}leader.ts`,
        find: 'if (index <= state.commitIndex || log.termAt(index) !== state.term) return;',
        replace: 'if (index <= state.commitIndex) return;',
      },
    ],
  },
  {
    id: 'B15a',
    profile: 'deposed',
    bug: 'a follower commits what it has not compared with the leader',
    edits: [
      {
        file: `${raft}follower.ts`,
        find: 'const commitIndex = Math.min(message.commitIndex, agreedIndex);',
        replace: 'const commitIndex = Math.min(message.commitIndex, log.lastIndex);',
      },
    ],
  },
  {
    id: 'B15b',
    bug: 'the commit index follows the leader backwards',
    edits: [
      {
        file: `${raft}follower.ts`,
        find: 'if (commitIndex > state.commitIndex) state.advanceCommit(commitIndex);',
        replace: 'if (commitIndex !== state.commitIndex) state.advanceCommit(commitIndex);',
      },
      {
        file: `${raft}state.ts`,
        find: "    invariant(index > this.#commitIndex, 'the commit index only rises', { index, before: this.#commitIndex });\n",
        replace: '',
      },
    ],
  },
  {
    id: 'B16a',
    bug: 'a late answer takes the match of a follower back',
    edits: [
      {
        file: `${raft}progress.ts`,
        find: '  accepted(matchIndex: number, agreedIndex: number): void {\n    this.#matchIndex = Math.max(this.#matchIndex, matchIndex);',
        replace:
          '  accepted(matchIndex: number, agreedIndex: number): void {\n    this.#matchIndex = matchIndex;',
      },
    ],
  },
  {
    id: 'B16b',
    profile: 'busy',
    bug: 'a late refusal puts the next entry below the match',
    edits: [
      {
        file: `${raft}progress.ts`,
        find: "if (this.#state === 'snapshot' || previousIndex <= this.#matchIndex) return false;",
        replace: "if (this.#state === 'snapshot') return false;",
      },
      {
        file: `${raft}progress.ts`,
        find: 'this.#nextIndex = Math.max(Math.min(agreeableIndex + 1, previousIndex), this.#matchIndex + 1);',
        replace: 'this.#nextIndex = Math.max(Math.min(agreeableIndex + 1, previousIndex), 1);',
      },
    ],
  },
  {
    id: 'B17a',
    profile: 'busy',
    bug: 'a confirmation of the disk counts for entries that replaced those it was for',
    edits: [
      {
        file: `${raft}outbox.ts`,
        find: '    for (const write of this.#writing) write.lastIndex = Math.min(write.lastIndex, Math.max(index - 1, 0));\n',
        replace: '',
      },
    ],
  },
  {
    id: 'B17b',
    profile: 'deposed',
    bug: 'what was durable before a truncation still counts after it',
    edits: [
      {
        file: `${raft}outbox.ts`,
        find: '    this.#persistedIndex = Math.min(this.#persistedIndex, Math.max(index - 1, 0));\n',
        replace: '',
      },
    ],
  },
  {
    id: 'B18a',
    bug: 'half of an even number of voters counts as a majority',
    edits: [
      {
        file: `${raft}quorum.ts`,
        find: '2 * countOfAtLeast(values, value) > values.length',
        replace: '2 * countOfAtLeast(values, value) >= values.length',
      },
    ],
  },
  {
    id: 'B18b',
    bug: 'one voter less than a majority commits',
    edits: [
      {
        file: `${raft}quorum.ts`,
        find: '2 * countOfAtLeast(values, value) > values.length',
        replace: '2 * (countOfAtLeast(values, value) + 1) > values.length',
      },
    ],
  },
  {
    id: 'B18c',
    bug: 'the value of the last voter counts as that of the majority',
    edits: [
      {
        file: `${raft}quorum.ts`,
        find: 'if (value > highest && 2 * countOfAtLeast(values, value) > values.length) highest = value;',
        replace: 'highest = value;',
      },
    ],
  },
  {
    id: 'B19',
    bug: 'a follower truncates at every append, also where nothing conflicts',
    edits: [
      {
        file: `${raft}follower.ts`,
        find: '    if (own === entry.term) continue;\n',
        replace: '    if (own === entry.term && entry.index <= state.commitIndex) continue;\n',
      },
    ],
  },
  {
    id: 'B20',
    profile: 'tight',
    bug: 'an entry that is compacted away counts as one that is missing',
    edits: [
      {
        file: `${raft}follower.ts`,
        find: '    if (entry.index <= log.boundaryIndex) continue;\n',
        replace: '',
      },
    ],
  },
  {
    id: 'B21',
    profile: 'lossy',
    bug: 'a heartbeat names what is committed and not what was sent last, so a loss behind that is never found',
    edits: [
      {
        file: `${raft}replication.ts`,
        find: '  const term = log.termAt(progress.nextIndex - 1);\n',
        replace:
          '  const named = Math.min(progress.nextIndex - 1, Math.max(state.commitIndex, log.boundaryIndex));\n  const term = log.termAt(named);\n',
      },
      {
        file: `${raft}replication.ts`,
        find: '    sendAppend(state, progress, { previousIndex: progress.nextIndex - 1, previousTerm: term, entries: [] });\n',
        replace:
          '    sendAppend(state, progress, { previousIndex: named, previousTerm: term, entries: [] });\n',
      },
    ],
  },
  {
    id: 'B22a',
    bug: 'a follower whose next entries are compacted away gets no snapshot',
    edits: [
      {
        file: `${raft}replication.ts`,
        find: '    sendSnapshotInstead(state, progress);\n    return false;',
        replace: '    return false;',
      },
      {
        file: `${raft}replication.ts`,
        find: "  if (progress.state !== 'snapshot' && term === undefined) sendSnapshotInstead(state, progress);\n",
        replace: '',
      },
    ],
  },
  {
    id: 'B22b',
    bug: 'a refusal never moves the next entry back, so a follower that lacks more stays where it is',
    edits: [
      {
        file: `${raft}replication.ts`,
        find: '  progress.rejected(message.previousIndex, agreeable.index);',
        replace:
          '  progress.rejected(message.previousIndex, Math.max(agreeable.index, message.previousIndex - 1, 1));',
      },
      {
        file: `${raft}progress.ts`,
        find: 'this.#nextIndex = Math.max(Math.min(agreeableIndex + 1, previousIndex), this.#matchIndex + 1);',
        replace:
          'this.#nextIndex = Math.max(Math.max(agreeableIndex + 1, previousIndex + 1), this.#matchIndex + 1);',
      },
    ],
  },
  {
    id: 'B22c',
    profile: 'tight',
    bug: 'a chunk of a snapshot that was lost is never sent again',
    edits: [
      {
        file: `${raft}snapshot-sending.ts`,
        find: "if (state.now - transfer.since >= state.config.electionTicks) transfer.phase = 'idle';",
        replace: "if (state.now < 0) transfer.phase = 'idle';",
      },
    ],
  },
  {
    id: 'B24',
    bug: 'a leader counts its own entries before they are durable',
    edits: [
      {
        file: `${raft}leader.ts`,
        find: 'const index = quorumValue(state.membership, match);',
        replace:
          'const index = quorumValue(state.membership, (voter) => (voter === state.id ? log.lastIndex : match(voter)));',
      },
    ],
  },
  {
    id: 'B26a',
    bug: 'uncommitted bytes are never given back, so in the end every proposal is refused',
    edits: [
      {
        file: `${raft}leader.ts`,
        find: '    leadership.uncommittedBytes -= entryBytes(log.entryAt(committed));\n',
        replace: '    entryBytes(log.entryAt(committed));\n',
      },
    ],
  },
  {
    id: 'B26b',
    bug: 'bytes in flight to a follower are never given back',
    edits: [
      {
        file: `${raft}progress.ts`,
        find: '      this.#bytesInFlight -= message.bytes;\n',
        replace: '',
      },
    ],
  },
  {
    id: 'B27',
    bug: 'an entry is skipped where applying is cut into pages',
    edits: [
      {
        file: 'packages/core/src/replica/applier.ts',
        find: 'const index = this.#machine.appliedIndex + 1;',
        replace: 'const index = this.#machine.appliedIndex + (commandCount > 8 ? 2 : 1);',
      },
    ],
  },
  {
    id: 'B28',
    profile: 'tight',
    bug: 'a snapshot is named after the commit index although less is applied',
    edits: [
      {
        file: 'packages/core/src/replica/snapshots.ts',
        find: 'const index = machine.appliedIndex;',
        replace: 'const index = raft.commitIndex;',
      },
      {
        file: 'packages/core/src/replica/replica.ts',
        find: '    if (out.applied.length > 0 || ',
        replace: '    if (out.applied.length < 0 || ',
      },
    ],
  },
  {
    id: 'B29a',
    bug: 'reads that waited at a deposed leader are dropped without an answer',
    edits: [
      {
        file: `${raft}read-index.ts`,
        find: "  if (own.length > 0) state.outbox.notice({ kind: 'read-failed', ids: own });\n",
        replace: '',
      },
    ],
  },
  {
    id: 'B29b',
    profile: 'waiting',
    bug: 'writes that were lost with a leader are never sent again',
    edits: [
      {
        file: 'packages/core/src/peer/local-link.ts',
        find: '    if (isReachable) this.resend();\n',
        replace: '',
      },
      {
        file: 'packages/core/src/peer/local-link.ts',
        find: '    if (this.#hub.isReachable) this.resend();\n',
        replace: '',
      },
    ],
  },
];
