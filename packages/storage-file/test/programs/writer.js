// Writes entries to a file storage, one at a time, and says after each that it is durable.
//
//   node writer.js <directory> [<writes at most>]
//
// Lines: "found N" (the last entry that was there), "acknowledged N", "full", "failed CODE" and then "refused" or
// "acknowledged N" for each of three more attempts. Every 40 entries a snapshot, and compaction behind it.
import { writeSync } from 'node:fs';
import { fileStorage } from '../../dist/index.js';

const [directory = '', most = '1000000000'] = process.argv.slice(2);
const storage = fileStorage({ directory, segmentBytes: 16_384 });

function say(line) {
  writeSync(1, `${line}\n`);
}

function entryOf(index) {
  const body = new Uint8Array(60 + ((index * 37) % 700)).fill(1 + (index % 255));
  return { index, term: 1, kind: 'commands', wallMs: index, elapsedMs: index, body };
}

async function snapshotAt(index) {
  const meta = { index, term: 1, elapsedMs: index, membership: Uint8Array.of(1) };
  const bytes = new Uint8Array(2_000).fill(1 + (index % 255));
  await storage.write({ snapshotChunk: { meta, offset: 0, bytes, last: true } });
  await storage.write({ compactThrough: index });
}

const owner = { member: 'a', ensemble: 'crash', incarnation: 1 };
const stored = await storage.open(owner);
if (stored.damage !== undefined) {
  say(`damaged ${stored.damage}`);
  process.exit(3);
}
for (const { index, body } of stored.entries) {
  if (Buffer.compare(body, entryOf(index).body) !== 0) say(`damaged entry ${index}`);
}
let last = stored.entries.at(-1)?.index ?? stored.snapshot?.index ?? 0;
say(`found ${last}`);

try {
  for (let count = 0; count < Number(most); count += 1) {
    await storage.write({ entries: [entryOf(last + 1)] });
    last += 1;
    say(`acknowledged ${last}`);
    if (last % 40 === 0) await snapshotAt(last);
  }
  await storage.close();
} catch (error) {
  if (error.code === 'STORAGE_FULL') {
    say('full');
    await storage.close();
    process.exit(0);
  }
  say(`failed ${error.code}`);
  for (let attempt = 0; attempt < 3; attempt += 1) {
    await storage.write({ entries: [entryOf(last + 1)] }).then(
      () => say(`acknowledged ${last + 1}`),
      () => say('refused'),
    );
  }
}
