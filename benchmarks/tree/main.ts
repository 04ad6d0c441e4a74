/** Does the cost of a write grow with the tree or with a directory? See README.md. */
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { openPeer, type Peer, type Session } from '@quorate/core';
import { encodeValue, type Op, sourceOf } from '@quorate/core/inspect';
import { median, printMachine, printTable, thousands } from '../measure.ts';
import { Solo } from './solo.ts';

const value = new Uint8Array(100).map((_, index) => index);
const encoded = sourceOf(encodeValue(value));
const text = 'x'.repeat(100);
const batchLength = 256;
const snapshotsTaken = 3;
const readRounds = 15;
/** Rounds in which a small and a large tree take turns. */
const turns = 25;
const batchesOfTurn = 10;
/** Until then the code is being compiled. */
const warmUpBatches = 1_000;
/** After so many in vain, turns beside a snapshot are better than none. */
const attemptsMax = 5;

printMachine();
await reads();
await sizes();
await directories();
await snapshots();

async function sizes(): Promise<void> {
  const small = await writerOf(1_000);
  const rows: string[][] = [];
  for (const size of [100_000, 1_000_000]) {
    const before = await heapBytes();
    const large = await writerOf(size);
    const perZnode = ((await heapBytes()) - before) / size;
    rows.push([thousands(size), ...costs(await inTurn(small, large)), `${perZnode.toFixed(0)} bytes`]);
    await large.peer.close();
  }
  await small.peer.close();
  console.log('One write (set, 100 bytes, random znode) by the size of the tree, 256 in flight:\n');
  printTable(['znodes', 'a write', 'in turn, of 1,000', 'ratio', 'memory per znode'], rows);
}

async function directories(): Promise<void> {
  const small = await creatorAmong(100);
  const large = await creatorAmong(100_000);
  const row = costs(await inTurn(small, large));
  await Promise.all([small.peer.close(), large.peer.close()]);
  console.log('\nOne create (100 bytes, random name) by the size of its directory, 256 in flight:\n');
  printTable(['children', 'a create', 'in turn, among 100', 'ratio'], [[thousands(100_000), ...row]]);
}

function costs({ smallNs, largeNs, ratio }: InTurn): readonly string[] {
  return [`${largeNs.toFixed(0)} ns`, `${smallNs.toFixed(0)} ns`, ratio.toFixed(2)];
}

/** Sets random znodes of a tree of a size. */
async function writerOf(size: number): Promise<Subject> {
  const { peer, session } = await openOne();
  await fill(session, size);
  const paths: string[] = [];
  return {
    before: () => {
      for (let count = 0; count < batchLength; count += 1) paths.push(leafPath(randomBelow(size)));
    },
    call: () => session.set(paths.pop() ?? '', value),
    after: () => undefined,
    peer,
  };
}

/** Creates in a directory that keeps its size: what one batch creates is deleted after it. */
async function creatorAmong(childrenCount: number): Promise<Subject> {
  const { peer, session } = await openOne();
  await session.create('/d');
  await batches(childrenCount, () => session.create(`/d/${randomName()}`, value));
  const made: string[] = [];
  return {
    before: () => undefined,
    call: () => {
      const path = `/d/${randomName()}`;
      made.push(path);
      return session.create(path, value);
    },
    after: () => batches(made.length, () => session.delete(made.pop() ?? '')),
    peer,
  };
}

async function snapshots(): Promise<void> {
  // V8 marks in small steps inside of allocations, which no observer reports as collections: with whole ones only,
  // the time of the collector can be told from ours.
  setFlagsFromString('--no-incremental-marking');
  const size = 1_000_000;
  const entriesToFill = Math.ceil(size / batchLength) + 8;
  const solo = new Solo(entriesToFill);
  fillSolo(solo, size);
  const rows: string[][] = [];
  for (let snapshot = 1; snapshot <= snapshotsTaken; snapshot += 1) {
    const { bytes, writes, tookMs } = takeSnapshot(solo, size);
    const { median: middle, most, longest, executed, collection } = await solo.judge();
    rows.push([
      thousands(bytes),
      `${tookMs.toFixed(0)} ms`,
      thousands(writes),
      `${middle.toFixed(2)} ms`,
      `${most.toFixed(2)} ms`,
      `${longest.toFixed(2)} ms`,
      Number.isNaN(executed) ? 'unknown' : `${executed.toFixed(2)} ms`,
      `${collection.toFixed(0)} ms`,
    ]);
  }
  console.log(
    `\n${snapshotsTaken} snapshots of ${thousands(size)} znodes, each taken and written while writes went on.`,
  );
  console.log(
    'Slices are the steps of our code, less the collections that fell into them. On a busy machine they also wait\n' +
      'for other processes and for threads of V8: executed is what the main thread was really running.\n',
  );
  printTable(
    [
      'bytes',
      'took',
      'writes',
      'median slice',
      '99.9 % of slices',
      'longest slice',
      'longest executed',
      'longest collection',
    ],
    rows,
  );
  solo.close();
}

/** Writes go on between the chunks, as in a running peer. */
function takeSnapshot(solo: Solo, size: number): { bytes: number; writes: number; tookMs: number } {
  const takenBefore = solo.snapshotsCount;
  const bytesBefore = solo.snapshotBytes;
  const writeBatch = (): void => solo.write(batchOf(() => setOp(leafPath(randomBelow(size)))));
  while (!solo.isTakingSnapshot) {
    solo.forgetSlices();
    writeBatch();
  }
  const startedAt = performance.now();
  let writes = batchLength;
  for (; solo.snapshotsCount === takenBefore; writes += batchLength) {
    solo.turn();
    writeBatch();
  }
  // The last chunk is written too.
  solo.turn();
  return { bytes: solo.snapshotBytes - bytesBefore, writes, tookMs: performance.now() - startedAt };
}

async function reads(): Promise<void> {
  const size = 100_000;
  const { peer, session } = await openOne();
  await fill(session, size, text);
  const paths = Array.from({ length: size }, () => leafPath(randomBelow(size)));
  // What such a lookup waits for is memory: how long, a Map of the same paths tells, in turn with the tree.
  const bare = new Map(Array.from({ length: size }, (_, index) => [leafPath(index), { value: text }]));
  // What filling left behind is not what is measured.
  globalThis.gc?.();
  const perSecond: number[] = [];
  const bareOnes: number[] = [];
  for (let round = 0; round < readRounds; round += 1) {
    perSecond.push(readsPerSecond(paths, (path) => peer.tree.get(path)));
    bareOnes.push(readsPerSecond(paths, (path) => bare.get(path)));
  }
  const ratio = median(perSecond) / median(bareOnes);
  console.log(
    `\npeer.tree.get over ${thousands(size)} random paths, ${readRounds} rounds (the first one decodes):\n`,
  );
  printTable(
    ['first round', 'median', 'a bare Map', 'ratio'],
    [[...[perSecond[0] ?? 0, median(perSecond), median(bareOnes)].map(thousands), ratio.toFixed(2)]],
  );
  console.log();
  await peer.close();
}

function readsPerSecond(paths: readonly string[], read: (path: string) => object | undefined): number {
  const startedAt = performance.now();
  for (const path of paths) if (read(path) === undefined) throw new RangeError(`${path} was not found`);
  return (paths.length / (performance.now() - startedAt)) * 1_000;
}

async function openOne(): Promise<{ readonly peer: Peer; readonly session: Session }> {
  const peer = await openPeer({ id: 'a' });
  await peer.ready();
  return { peer, session: await peer.openSession({ timeoutMs: 600_000 }) };
}

/** Leaves spread over directories of 1,000. */
async function fill(session: Session, size: number, content: string | Uint8Array = value): Promise<void> {
  let directory = 0;
  await batches(size / 1_000, () => session.create(`/n${directory++}`));
  let leaf = 0;
  await batches(size, () => session.create(leafPath(leaf++), content));
}

function fillSolo(solo: Solo, size: number): void {
  const ops: Op[] = [];
  const flush = (): void => solo.write(ops.splice(0));
  for (let index = 0; index < size; index += 1) {
    if (index % 1_000 === 0) ops.push(createOp(`/n${index / 1_000}`));
    ops.push(createOp(leafPath(index)));
    if (ops.length >= batchLength) flush();
  }
  if (ops.length > 0) flush();
}

/** Calls `count` times, 256 at a time. */
async function batches(count: number, call: () => Promise<unknown>): Promise<void> {
  for (let done = 0; done < count; done += batchLength) {
    await Promise.all(Array.from({ length: Math.min(batchLength, count - done) }, call));
  }
}

function leafPath(index: number): string {
  return `/n${Math.floor(index / 1_000)}/leaf-${index}`;
}

/** What is timed batch by batch; what comes before and after a batch is not. */
interface Subject {
  before(): void;
  call(): Promise<unknown>;
  after(): Promise<void> | void;
  readonly peer: Peer;
}

interface InTurn {
  readonly smallNs: number;
  readonly largeNs: number;
  readonly ratio: number;
}

/**
 * Both in short rounds in turn: a machine whose speed drifts does so for both. What a snapshot of the large tree costs
 * is another question (see `snapshots`): turns into which one fell are repeated.
 */
async function inTurn(small: Subject, large: Subject): Promise<InTurn> {
  await timeBatches(small, warmUpBatches);
  await timeBatches(large, warmUpBatches);
  for (let attempt = 1; ; attempt += 1) {
    await nothingToDo();
    const before = snapshotIndexOf(large);
    const measured = await measureInTurn(small, large);
    await nothingToDo();
    if (snapshotIndexOf(large) === before) return measured;
    if (attempt < attemptsMax) continue;
    console.log('\n(A snapshot fell into every attempt: what follows is beside one.)');
    return measured;
  }
}

function snapshotIndexOf({ peer }: Subject): number {
  return peer.status().positions.snapshotIndex;
}

/** Medians over the rounds. */
async function measureInTurn(small: Subject, large: Subject): Promise<InTurn> {
  const smallOnes: number[] = [];
  const largeOnes: number[] = [];
  for (let round = 0; round < turns; round += 1) {
    smallOnes.push(await timeBatches(small, batchesOfTurn));
    largeOnes.push(await timeBatches(large, batchesOfTurn));
  }
  const ratio = median(largeOnes.map((ns, round) => ns / (smallOnes[round] ?? Number.NaN)));
  return { smallNs: median(smallOnes), largeNs: median(largeOnes), ratio };
}

/** Until this process is idle: a snapshot that was begun is then written. */
async function nothingToDo(): Promise<void> {
  for (let isBusy = true; isBusy; ) {
    const before = performance.eventLoopUtilization();
    await sleep(300);
    isBusy = performance.eventLoopUtilization(before).utilization > 0.1;
  }
}

/** Nanoseconds of one call, the median over some batches in flight. */
async function timeBatches(subject: Subject, count: number): Promise<number> {
  const samples: number[] = [];
  for (let batch = 0; batch < count; batch += 1) {
    subject.before();
    const startedAt = performance.now();
    await batches(batchLength, () => subject.call());
    samples.push(((performance.now() - startedAt) * 1e6) / batchLength);
    await subject.after();
  }
  return median(samples);
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

function randomBelow(bound: number): number {
  return Math.floor(Math.random() * bound);
}

function randomName(): string {
  return Math.random().toString(36).slice(2);
}

async function heapBytes(): Promise<number> {
  // What was closed just now is let go of by timers and callbacks that are still to come.
  await sleep(200);
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
