/**
 * A small directory whose bytes are known: a few records of every kind, a snapshot, term and vote. What is zero is
 * left out of its text, one line for each run of other bytes: file, position, bytes in hexadecimal digits.
 */
import { storageOn } from '../storage.ts';
import { MemoryDirectory } from './memory-directory.ts';
import { entries, entry, metaAt, owner, segmentBytes } from './setup.ts';

/** Zeros that end a run. */
const gapBytes = 32;

export async function goldenDirectory(): Promise<MemoryDirectory> {
  const directory = new MemoryDirectory();
  const storage = storageOn(directory, { segmentBytes });
  await storage.open(owner);
  await storage.write({ hardState: { term: 1, vote: 'a', founding: Uint8Array.of(1, 2, 3) } });
  await storage.write({ entries: [{ ...entry(1, 1, 5), kind: 'membership' }] });
  await storage.write({ entries: [{ ...entry(2, 1, 0), kind: 'noop' }, ...entries(3, 4, 1, 5)] });
  await storage.write({ hardState: { term: 2, vote: undefined, founding: undefined }, truncateFrom: 4 });
  await storage.write({ entries: entries(4, 6, 2, 5) });
  const chunk = { meta: metaAt(9, 2), offset: 0, bytes: entry(7, 1, 40).body, last: true };
  await storage.write({ snapshotChunk: chunk, install: metaAt(9, 2) });
  await storage.write({ entries: entries(10, 11, 2, 5) });
  await storage.close();
  return directory;
}

export function textOf(directory: MemoryDirectory): string {
  const lines: string[] = [];
  for (const name of [...directory.names()].sort()) {
    const bytes = directory.bytesOf(name);
    lines.push(`${name} ${bytes.length}`);
    for (const [start, end] of runsOf(bytes)) {
      lines.push(`${name} ${start} ${Buffer.from(bytes.subarray(start, end)).toString('hex')}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

export function directoryOf(text: string): MemoryDirectory {
  const directory = new MemoryDirectory();
  const files = new Map<string, Uint8Array>();
  for (const line of text.trim().split('\n')) {
    const [name = '', number = '', hex] = line.split(' ');
    if (hex === undefined) files.set(name, new Uint8Array(Number(number)));
    else files.get(name)?.set(Buffer.from(hex, 'hex'), Number(number));
  }
  for (const [name, bytes] of files) directory.put(name, bytes);
  return directory;
}

function* runsOf(bytes: Uint8Array): Generator<readonly [start: number, end: number]> {
  let start = -1;
  let end = -1;
  for (let at = 0; at < bytes.length; at += 1) {
    if (bytes[at] === 0) continue;
    if (start >= 0 && at - end > gapBytes) {
      yield [start, end];
      start = -1;
    }
    if (start < 0) start = at;
    end = at + 1;
  }
  if (start >= 0) yield [start, end];
}
