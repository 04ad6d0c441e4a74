/** Bugs of storages on disk (B23, B25, B28, B41, B44 to B51), put into the file storage on a disk of the world's. */
import type { Mutant } from '../mutant.ts';

const storage = 'packages/storage-file/src/';
const profile = 'file-storage';

export const storageBugs: readonly Mutant[] = [
  {
    id: 'B23',
    bug: 'a write is acknowledged before it is synced',
    edits: [
      {
        file: `${storage}log/log-writer.ts`,
        find: '    await syncOf(segmentName(current.segment), file);\n',
        replace: '',
      },
    ],
    profile,
  },
  {
    id: 'B25',
    bug: 'a read that fails is taken for the end of the log',
    edits: [
      {
        file: `${storage}log/scan.ts`,
        find: "if (!(error instanceof CoordinationError) || error.code !== 'CORRUPTED') throw error;",
        replace:
          "if (!(error instanceof CoordinationError) || error.code !== 'CORRUPTED') return scan.finish(undefined);",
      },
    ],
    profile,
  },
  {
    id: 'B28b',
    bug: 'a snapshot gets its name before its content is durable',
    edits: [
      {
        file: `${storage}snapshot/growing-snapshot.ts`,
        find: '    await this.#syncAndVerify();\n    await this.#verifyShape();\n',
        replace: '    await this.#verifyShape();\n',
      },
    ],
    profile,
  },
  {
    id: 'B41',
    bug: 'the newest snapshot files are kept, whether they can be read or not',
    edits: [
      {
        file: `${storage}recovery.ts`,
        find: 'return { snapshot, complete: candidates.slice(position) };',
        replace: 'return { snapshot, complete: candidates };',
      },
    ],
    profile: 'file-storage-rotten',
  },
  {
    id: 'B44a',
    bug: 'damage in the log is cut off as if it were a torn tail',
    edits: [
      {
        file: `${storage}log/scan.ts`,
        find:
          '      if (hasLaterRecord(bytes, position, place)) return `a damaged record before intact ones, ${where}`;\n' +
          '      if (!isTorn(bytes, position, place)) return `a damaged record at the end of the log, ${where}`;\n',
        replace: '      if (place === undefined) return where;\n',
      },
      {
        file: `${storage}log/scan.ts`,
        find: '    if (chain.number >= durableRecord) return undefined;\n',
        replace: '    if (chain.number >= 0) return undefined;\n',
      },
    ],
    profile,
  },
  {
    id: 'B44b',
    bug: 'a torn tail counts as damage',
    edits: [
      {
        file: `${storage}log/scan.ts`,
        find: 'if (!isTorn(bytes, position, place)) return',
        replace: 'if (!isTorn(bytes, position, place) || bytes.length > 0) return',
      },
    ],
    profile,
  },
  {
    id: 'B45',
    bug: 'a sync that fails is passed over',
    edits: [
      {
        file: `${storage}failures.ts`,
        find: '    throw new SyncFailure(what, cause);\n',
        replace: '    void new SyncFailure(what, cause);\n',
      },
    ],
    profile,
  },
  {
    id: 'B46',
    bug: 'what finds the disk full counts as written, and the old tail stays',
    edits: [
      {
        file: `${storage}storage.ts`,
        find: 'if (isDiskFull(cause) && this.#files !== undefined) throw full(cause);',
        replace: 'if (isDiskFull(cause) && this.#files !== undefined) return;',
      },
    ],
    profile,
  },
  {
    id: 'B47a',
    bug: 'a truncation takes away one entry too many',
    edits: [
      {
        file: `${storage}log/log-state.ts`,
        find: 'Math.min(from - first, this.#entries.length)',
        replace: 'Math.min(from - first - 1, this.#entries.length)',
      },
    ],
    profile,
  },
  {
    id: 'B47b',
    bug: 'a truncation leaves one entry too many',
    edits: [
      {
        file: `${storage}log/log-state.ts`,
        find: 'Math.min(from - first, this.#entries.length)',
        replace: 'Math.min(from - first + 1, this.#entries.length)',
      },
    ],
    profile,
  },
  {
    id: 'B48',
    bug: 'term and vote are written over the only place that holds them',
    edits: [
      { file: `${storage}manifest/manifest.ts`, find: 'const copies = 2;', replace: 'const copies = 1;' },
      {
        file: `${storage}manifest/manifest.ts`,
        find: 'const first = (slot.generation % 2) * copies;',
        replace: 'const first = 0;',
      },
    ],
    profile,
  },
  {
    id: 'B49a',
    bug: 'the name of a new segment is not made durable',
    edits: [
      {
        file: `${storage}log/segment.ts`,
        find: "    throw failure;\n  }\n  await syncOf('the directory', directory);\n",
        replace: '    throw failure;\n  }\n',
      },
    ],
    profile,
  },
  {
    id: 'B49b',
    bug: 'the name of a complete snapshot is not made durable',
    edits: [
      {
        file: `${storage}snapshot/growing-snapshot.ts`,
        find: "    await syncOf('the directory', this.#directory);\n",
        replace: '',
      },
    ],
    profile,
  },
  {
    id: 'B50',
    bug: 'segments are removed before the manifest names a later first one',
    edits: [
      {
        file: `${storage}log/log-writer.ts`,
        find:
          '    await manifest.update((state) => ({ ...state, logStart: { segment: first.segment, record, link } }));\n' +
          '    for (const { segment } of this.#used.splice(0, position)) await directory.remove(segmentName(segment));\n',
        replace:
          '    for (const { segment } of this.#used.splice(0, position)) await directory.remove(segmentName(segment));\n' +
          '    await manifest.update((state) => ({ ...state, logStart: { segment: first.segment, record, link } }));\n',
      },
    ],
    profile: 'file-storage-tight',
  },
  {
    id: 'B51',
    bug: 'a received snapshot is acknowledged without the record that it replaces the log',
    edits: [
      {
        file: `${storage}files.ts`,
        find: 'await this.#log.write({ install, truncateFrom, entries });',
        replace: 'await this.#log.write({ truncateFrom, entries });',
      },
    ],
    profile: 'file-storage-tight',
  },
];
