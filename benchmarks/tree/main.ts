/** Does the cost of a write grow with the tree or with a directory? See README.md. */
import { openPeer } from '@quorate/core';
import { encodeValue, type Op, sourceOf } from '@quorate/core/inspect';
import { drive, median, printMachine, printTable, thousands } from '../measure.ts';
import { Solo } from './solo.ts';

const value = new Uint8Array(100).map((_, index) => index);
const encoded = sourceOf(encodeValue(value));
const batchLength = 256;

printMachine();
await sizes();
await snapshots();
await reads();

/** Nanoseconds of one write, through one peer's whole path, medians over many batches. */
async function sizes(): Promise<void> {
  const rows: string[][] = [];
  const bySize = new Map<number, number>();
  for (const size of [1_000, 100_000, 1_000_000]) {
    const before = heapBytes();
    const solo = new Solo(Number.MAX_SAFE_INTEGER);
    fill(solo, size);
    const perZnode = (heapBytes() - before) / size;
    const ns = timeBatches(() => solo.write(batchOf(() => setOp(leafPath(randomBelow(size))))));
    bySize.set(size, ns);
    const ratio = ns / (bySize.get(1_000) ?? Number.NaN);
    rows.push([
      thousands(size),
      `${ns.toFixed(0)} ns`,
      ratio.toFixed(2),
      size < 100_000 ? '' : `${perZnode.toFixed(0)} bytes`,
    ]);
    solo.close();
  }
  console.log('One write (set, 100 bytes, random znode) by the size of the tree, batches of 256:\n');
  printTable(['znodes', 'a write', 'ratio to 1,000', 'memory per znode'], rows);

  const directories: string[][] = [];
  let small = Number.NaN;
  for (const childrenCount of [100, 100_000]) {
    const solo = new Solo(Number.MAX_SAFE_INTEGER);
    solo.write([createOp('/d')]);
    for (let made = 0; made < childrenCount; made += batchLength) {
      solo.write(
        Array.from({ length: Math.min(batchLength, childrenCount - made) }, () =>
          createOp(`/d/${randomName()}`),
        ),
      );
    }
    // Created and deleted in the same batch, so that the directory keeps its size.
    const ns = timeBatches(() => {
      const paths = Array.from({ length: batchLength / 2 }, () => `/d/${randomName()}`);
      solo.write([...paths.map((path) => createOp(path)), ...paths.map((path) => deleteOp(path))]);
    });
    if (childrenCount === 100) small = ns;
    directories.push([thousands(childrenCount), `${ns.toFixed(0)} ns`, (ns / small).toFixed(2)]);
    solo.close();
  }
  console.log('\nOne create or delete (random name) by the size of its directory:\n');
  printTable(['children', 'a write', 'ratio to 100'], directories);
}

async function snapshots(): Promise<void> {
  const size = 1_000_000;
  const entriesToFill = Math.ceil(size / batchLength) + 8;
  const solo = new Solo(entriesToFill);
  fill(solo, size);
  solo.slices = [];
  const startedAt = performance.now();
  let writes = 0;
  // Writes go on while the snapshot is taken: between its chunks, as in a running peer.
  while (solo.snapshotsCount === 0) {
    solo.write(batchOf(() => setOp(leafPath(randomBelow(size)))));
    writes += batchLength;
    solo.turn();
  }
  const longest = await solo.longest();
  console.log(
    `\nA snapshot of ${thousands(size)} znodes taken and written while ${thousands(writes)} writes went on:\n`,
  );
  printTable(
    [
      'bytes',
      'took',
      'longest slice of our code',
      'longest slice with collection',
      'longest collection in a slice',
    ],
    [
      [
        thousands(solo.snapshotBytes),
        `${(performance.now() - startedAt).toFixed(0)} ms`,
        `${longest.without.toFixed(2)} ms`,
        `${longest.withCollection.toFixed(2)} ms`,
        `${longest.collection.toFixed(2)} ms`,
      ],
    ],
  );
  solo.close();
}

async function reads(): Promise<void> {
  const size = 100_000;
  await using peer = await openPeer({ id: 'a' });
  await peer.ready();
  await using session = await peer.openSession();
  for (let directory = 0; directory < size / 1_000; directory += 1) await session.create(`/n${directory}`);
  const text = 'x'.repeat(100);
  let next = 0;
  await drive(() => (next < size ? session.create(leafPath(next++), text) : Promise.resolve()), {
    inFlight: 256,
    forMs: 5_000,
  });
  while (next < size) await session.create(leafPath(next++), text);
  const paths = Array.from({ length: size }, () => leafPath(randomBelow(size)));
  const perSecond: number[] = [];
  let found = 0;
  for (let round = 0; round < 7; round += 1) {
    const startedAt = performance.now();
    for (const path of paths) if (peer.tree.get(path) !== undefined) found += 1;
    perSecond.push((size / (performance.now() - startedAt)) * 1_000);
  }
  if (found !== 7 * size) throw new RangeError(`${found} of ${7 * size} znodes found`);
  console.log(`\npeer.tree.get over ${thousands(size)} random paths, 7 rounds (the first one decodes):\n`);
  printTable(
    ['first round', 'median'],
    [[`${thousands(perSecond[0] ?? 0)} reads/s`, `${thousands(median(perSecond))} reads/s`]],
  );
}

/** Leaves spread over directories of 1,000. */
function fill(solo: Solo, size: number): void {
  const ops: Op[] = [];
  const flush = (): void => solo.write(ops.splice(0));
  for (let index = 0; index < size; index += 1) {
    if (index % 1_000 === 0) ops.push(createOp(`/n${index / 1_000}`));
    ops.push(createOp(leafPath(index)));
    if (ops.length >= batchLength) flush();
  }
  if (ops.length > 0) flush();
}

function leafPath(index: number): string {
  return `/n${Math.floor(index / 1_000)}/leaf-${index}`;
}

function timeBatches(work: () => void): number {
  const samples: number[] = [];
  for (let round = 0; round < 400; round += 1) {
    const startedAt = performance.now();
    work();
    samples.push(((performance.now() - startedAt) * 1e6) / batchLength);
  }
  return median(samples.slice(50));
}

function batchOf(make: () => Op): readonly Op[] {
  return Array.from({ length: batchLength }, make);
}

function createOp(path: string): Op {
  return {
    kind: 'create',
    path,
    value: encoded,
    createKind: 'persistent',
    sequential: false,
    ttlMs: 0,
    parents: 'none',
    ifAbsent: false,
  };
}

function setOp(path: string): Op {
  return { kind: 'set', path, value: encoded, version: -1, create: false };
}

function deleteOp(path: string): Op {
  return { kind: 'delete', path, version: -1, recursive: false, ifExists: false };
}

function randomBelow(bound: number): number {
  return Math.floor(Math.random() * bound);
}

function randomName(): string {
  return Math.random().toString(36).slice(2);
}

function heapBytes(): number {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
