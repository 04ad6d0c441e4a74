/**
 * The committed log of a run, from what every life of every peer has written down. Peers must agree on each index,
 * and together they must have all of them: an entry that is missing was committed by nobody who lived to tell.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deserialize } from 'node:v8';
import type { Entry } from '@quorate/core/ports';

export interface CommittedEntries {
  readonly log: readonly Entry[];
  readonly problems: readonly string[];
}

export function readCommitted(folder: string): CommittedEntries {
  const byIndex = new Map<number, { readonly entry: Entry; readonly file: string }>();
  const problems: string[] = [];
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.committed'))) {
    for (const entry of entriesIn(readFileSync(join(folder, file)))) {
      const known = byIndex.get(entry.index);
      if (known === undefined) byIndex.set(entry.index, { entry, file });
      else if (!isSame(known.entry, entry)) {
        problems.push(`${known.file} and ${file} differ at index ${entry.index}`);
      }
    }
  }
  const log: Entry[] = [];
  for (let index = 1; log.length < byIndex.size; index += 1) {
    const found = byIndex.get(index);
    if (found === undefined) {
      problems.push(`nobody knows what was committed at index ${index}`);
      break;
    }
    log.push(found.entry);
  }
  return { log, problems };
}

/** A process that was killed may have left half a record at the end. */
function* entriesIn(bytes: Buffer): Generator<Entry> {
  let at = 0;
  while (at + 4 <= bytes.length) {
    const end = at + 4 + bytes.readUInt32LE(at);
    if (end > bytes.length) return;
    yield deserialize(bytes.subarray(at + 4, end)) as Entry;
    at = end;
  }
}

function isSame(one: Entry, other: Entry): boolean {
  return one.term === other.term && one.kind === other.kind && Buffer.compare(one.body, other.body) === 0;
}
