/** Membership in the log (B32, B33) and snapshots (B37 to B43). */
import type { Mutant } from '../mutant.ts';

const raft = 'packages/core/src/raft/';

export const snapshots: readonly Mutant[] = [
  {
    id: 'B32',
    profile: 'tight',
    bug: 'an installed snapshot leaves the old membership in force',
    edits: [
      {
        file: `${raft}state.ts`,
        find: '    this.log.install(meta);\n    this.memberships.snapshotTaken(meta, true);\n',
        replace:
          '    this.log.install(meta);\n    if (this.memberships.current === undefined) this.memberships.snapshotTaken(meta, true);\n',
      },
    ],
  },
  {
    id: 'B33a',
    bug: 'after a restart the memberships of the log are not read',
    edits: [
      {
        file: `${raft}state.ts`,
        find: '      this.memberships.appended(this.log.entryAt(index));\n',
        replace: '      this.log.entryAt(index);\n',
      },
    ],
  },
  {
    id: 'B33b',
    profile: 'returning',
    bug: 'a truncation does not take back the membership that it cuts off',
    edits: [{ file: `${raft}state.ts`, find: '    this.memberships.truncatedFrom(index);\n', replace: '' }],
  },
  {
    id: 'B37',
    profile: 'tight-crashed',
    bug: 'a log that ends before its snapshot, or contradicts it, is kept beside it after a crash',
    edits: [
      {
        file: `${raft}log.ts`,
        find: 'if (atSnapshot === undefined || atSnapshot.term !== this.#boundaryTerm) {',
        replace: 'if (this.#boundaryIndex < 0) {',
      },
    ],
  },
  {
    id: 'B38',
    profile: 'tight-slow',
    bug: 'an own snapshot that comes late replaces a newer one that was received',
    edits: [
      {
        file: `${raft}snapshot-receiving.ts`,
        find: '  if (meta.index <= state.log.snapshotIndex) return;\n',
        replace: '',
      },
      {
        file: 'packages/core/src/replica/replica.ts',
        find: '    if (accepted) this.#taking.abort();\n',
        replace: '',
      },
    ],
  },
  {
    id: 'B39a',
    profile: 'half-received',
    bug: 'a leader goes on with a snapshot where it was, although the follower lost what it had of it',
    edits: [
      {
        file: `${raft}snapshot-sending.ts`,
        find: "if (transfer.phase !== 'sent' || message.nextOffset === transfer.offset) return;",
        replace: "if (transfer.phase !== 'sent' || message.nextOffset <= transfer.offset) return;",
      },
    ],
  },
  {
    id: 'B39b',
    profile: 'tight-crashed',
    bug: 'a follower goes on with another snapshot where an interrupted one stopped',
    edits: [
      {
        file: `${raft}snapshot-receiving.ts`,
        find: 'const isSame = receiving?.from === message.from && isSameSnapshot(receiving.meta, meta);',
        replace: 'const isSame = receiving !== undefined;',
      },
      {
        file: 'packages/core/src/replica/snapshots.ts',
        find: 'if (this.#reader === undefined || this.#index !== chunk.meta.index)',
        replace: 'if (this.#reader === undefined)',
      },
    ],
  },
  {
    id: 'B40',
    profile: 'tight-deposed',
    bug: 'a snapshot of the same index but another term counts as contained',
    edits: [
      {
        file: `${raft}snapshot-receiving.ts`,
        find: 'return meta.index <= state.commitIndex || state.log.termAt(meta.index) === meta.term;',
        replace: 'return meta.index <= state.commitIndex || state.log.termAt(meta.index) !== undefined;',
      },
    ],
  },
  {
    id: 'B42a',
    profile: 'tight',
    bug: 'a snapshot shows sessions as they were when their chunk was written',
    edits: [
      {
        file: 'packages/core/src/machine/sessions.ts',
        find: '    if (this.#capture !== undefined) this.#capture.preserve(session);\n',
        replace: '',
      },
    ],
  },
  {
    id: 'B43',
    bug: 'an installed snapshot leaves the older commit index in place',
    edits: [{ file: `${raft}state.ts`, find: '    this.#commitIndex = meta.index;\n', replace: '' }],
  },
];
