/**
 * One run: three peers and some clients as processes, with a proxy for each link between them, afflicted for a while.
 * Then all faults end, all peers are killed at once and started again, everything is read at each of them, and what
 * every process has seen is judged.
 */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deserialize } from 'node:v8';
import { connect, type Session } from '@quorate/core';
import { History, Recorder, streamOf } from '@quorate/simulator';
import { tcpTransport } from '@quorate/transport-tcp';
import { readCommitted } from './judging/committed-entries.ts';
import { judge, type Judged } from './judging/judge.ts';
import { mergeHistories } from './judging/merge.ts';
import { runNemesis } from './nemesis.ts';
import type { RecordedHistory } from './processes/messages.ts';
import type { PeerProcess } from './processes/peer-process.ts';
import { sharedPositions } from './processes/positions.ts';
import { countersCount } from './programs/work.ts';
import { clientNames, ids, openWorld } from './world.ts';

export interface RunOptions {
  readonly seed: bigint;
  /** How long faults and work go on. */
  readonly forMs: number;
}

export interface RunResult extends Judged {
  readonly operationsCount: number;
  /** Answered to clients, per second of the time with faults. */
  readonly perSecond: number;
  readonly sessionsCount: number;
  readonly streamsCount: number;
  readonly entriesCount: number;
  /** The last one that anybody has told of: elections were at most so many. */
  readonly term: number;
  readonly faults: Readonly<Record<string, number>>;
  /** With the processes' files, if there is something to look at. */
  readonly folder: string | undefined;
}

/** Everything is well again, but the machine may be busy. */
const patienceMs = 120_000;
const pollMs = 50;
const supervisor = 'supervisor';

export async function run({ seed, forMs }: RunOptions): Promise<RunResult> {
  const folder = mkdtempSync(join(tmpdir(), 'quorate-e2e-'));
  const startedAt = `${process.hrtime.bigint()}`;
  const nextPosition = sharedPositions({ startedAt, writer: 0 });
  const history = new History({ nowMs: () => performance.now(), nextPosition });
  const world = await openWorld({ folder, seed, startedAt });
  const { peers, links, addresses, leader } = world;
  const problems: string[] = [];
  const first = await open(history, addresses);
  for (const path of ['/registers', '/counters', '/ephemerals']) await first.create(path);
  for (let at = 0; at < countersCount; at += 1) await first.create(`/counters/${at}`, 0);
  await first.close();

  const clients = await world.startClients();
  const startedAtMs = performance.now();
  const afflicted = { peers, clients: clientNames, links, leader };
  const faults = await runNemesis(afflicted, streamOf(seed, 'nemesis'), startedAtMs + forMs);
  const workedMs = performance.now() - startedAtMs;
  const exits = clients.map((child) => once(child, 'exit'));
  for (const child of clients) child.send('stop');
  await Promise.all(exits);
  for (const { exitCode } of clients) if (exitCode !== 0) problems.push(`a client ended with ${exitCode}`);

  // Nothing that was acknowledged may live in memory only.
  await Promise.all(peers.map((peer) => peer.kill()));
  for (const peer of peers) peer.start();
  for (const id of ids) problems.push(...(await readAll(await open(history, { [id]: addresses[id] ?? '' }))));
  problems.push(...(await differences(peers)), ...peers.flatMap(({ failures }) => failures));
  await Promise.all(peers.map((peer) => peer.kill()));
  links.close();

  const merged = mergeHistories([
    ...clientNames.map((name) => readHistory(join(folder, `${name}.history`))),
    { operations: history.operations(), watches: history.watches(), sessions: history.sessions() },
  ]);
  const committed = readCommitted(folder);
  const judged = judge(merged, committed.log);
  problems.push(...committed.problems, ...judged.problems);
  if (problems.length === 0) rmSync(folder, { recursive: true });
  const answered = merged.operations.filter(({ ending }) => ending.kind === 'answered');
  const answeredToClients = answered.filter(({ client }) => client !== supervisor);
  return {
    ...judged,
    problems,
    operationsCount: merged.operations.length,
    perSecond: (answeredToClients.length / workedMs) * 1_000,
    sessionsCount: merged.sessions.length,
    streamsCount: merged.watches.length,
    entriesCount: committed.log.length,
    term: world.term(),
    faults,
    folder: problems.length === 0 ? undefined : folder,
  };
}

async function open(history: History, peers: Readonly<Record<string, string>>): Promise<Session> {
  const session = await connect({
    transport: tcpTransport({ insecure: true }),
    peers,
    deadlineMs: patienceMs,
    timeoutMs: patienceMs,
  });
  return new Recorder(history).record(session, { client: supervisor });
}

/** Reads that are recorded with all others: the checkers see whether anything acknowledged is missing. */
async function readAll(session: Session): Promise<readonly string[]> {
  await session.sync();
  for (const parent of ['/registers', '/counters']) {
    for (const name of await session.children(parent)) {
      await session.get(`${parent}/${name}`, { consistency: 'linearizable' });
    }
  }
  const left = await leftEphemerals(session);
  await session.close();
  return left.map((name) => `${name} has outlived its session`);
}

/** All clients are gone: their ephemerals must go as well, at the latest when their sessions expire. */
async function leftEphemerals(session: Session): Promise<readonly string[]> {
  const untilMs = performance.now() + patienceMs;
  for (;;) {
    const left = await session.children('/ephemerals');
    if (left.length === 0 || performance.now() > untilMs) return left;
    await sleep(pollMs);
  }
}

/** All replicas hold the same, once they have caught up. */
async function differences(peers: readonly PeerProcess[]): Promise<readonly string[]> {
  const untilMs = performance.now() + patienceMs;
  for (;;) {
    const statuses = await Promise.all(peers.map((peer) => peer.status()));
    const zxids = new Set(statuses.map(({ zxid }) => zxid));
    const digests = new Set(statuses.map(({ digest }) => digest));
    if (zxids.size === 1) return digests.size === 1 ? [] : ['replicas differ at the same zxid'];
    if (performance.now() > untilMs) return [`replicas stay behind: ${[...zxids].join(', ')}`];
    await sleep(pollMs);
  }
}

const readHistory = (path: string): RecordedHistory => deserialize(readFileSync(path)) as RecordedHistory;

function sleep(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, delayMs);
  });
}
