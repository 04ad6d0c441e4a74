/**
 * Three peers in this process share real work while their leader is stopped half-way, abruptly. At the end
 * everything is checked apart from the ensemble; a failed check ends with a non-zero exit code.
 */
import { fileURLToPath } from 'node:url';
import { openPeer, op, type Peer, type Session } from '@quorate/core';
import { memoryNetwork } from '@quorate/transport-memory';
import { trackedFiles } from './jobs.ts';
import { Progress } from './progress.ts';
import { jobName, problemsIn } from './verify.ts';
import { type Job, pause, work } from './worker.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const members = { a: '', b: '', c: '' };
const workers = ['ada', 'alan', 'barbara', 'edsger', 'grace', 'leslie'];
const sessionTimeoutMs = 1_000;

const startedAt = performance.now();
const network = memoryNetwork();
const peers = await Promise.all(
  Object.keys(members).map((id) => openPeer({ id, members, transport: network.transport() })),
);
await Promise.all(peers.map((peer) => peer.ready()));
const firstLeader = leaderOf(peers);
console.log(`Three peers agreed on a leader, ${firstLeader.id}, after ${since(startedAt)} ms.`);

const files = trackedFiles(root);
const alive = new Set(peers);
const acknowledged: { job: string; worker: string }[] = [];
await using overseer = await follower().openSession();
await enqueue(overseer);
console.log(`${files.length} files of this repository are to be hashed by ${workers.length} workers.`);

const progress = new Progress(files.length);
const lines = setInterval(show, 50);
const crew = workers.map((name, index) =>
  work({
    name,
    root,
    sessionTimeoutMs,
    peer: () => [...alive][index % alive.size] ?? firstLeader,
    recorded: (job, worker) => void acknowledged.push({ job, worker }),
  }),
);
const failover = await stopLeaderHalfWay();
await Promise.all(crew);
clearInterval(lines);
show();
progress.break();

const survivors = [...alive];
await Promise.all(survivors.map((peer) => peer.ready()));
report();
const problems = problemsIn({ root, files, peers: survivors, acknowledged, workers });
for (const problem of problems) console.error(`  WRONG: ${problem}`);
if (problems.length === 0) console.log(`Checked apart: each of ${files.length} files was done exactly once.`);
await overseer.close();
await Promise.all(survivors.map((peer) => peer.close()));
process.exitCode = problems.length === 0 ? 0 : 1;

/** Everything that is to be done, in a few atomic steps. */
async function enqueue(session: Session): Promise<void> {
  await session.multi(['/jobs', '/todo', '/claims', '/workers'].map((path) => op.create(path)));
  await session.create('/done', 0);
  await session.multi(workers.map((name) => op.create(`/workers/${name}`, 0)));
  await Promise.all(
    files.map((file, index) => {
      const job: Job = { file, state: 'todo' };
      return session.multi([op.create(`/jobs/${jobName(index)}`, job), op.create(`/todo/${jobName(index)}`)]);
    }),
  );
}

/** Stops the leader as if its process had died, and waits for the next write that is acknowledged. */
async function stopLeaderHalfWay(): Promise<{ stopped: string; leaderMs: number; writeMs: number }> {
  while (doneCount() < files.length / 2) await pause(1);
  const leader = leaderOf([...alive]);
  alive.delete(leader);
  const watched = [...alive];
  const stoppedAt = performance.now();
  const elected = Promise.race(
    watched.map(
      (peer) =>
        new Promise<number>((resolve) => {
          peer.on('leader', (now) => {
            if (now.leader !== undefined && now.leader !== leader.id) resolve(since(stoppedAt));
          });
        }),
    ),
  );
  await leader.close({ graceful: false });
  const written = overseer.create('/after-the-failure', leader.id).then(() => since(stoppedAt));
  const [leaderMs, writeMs] = await Promise.all([elected, written]);
  return { stopped: leader.id, leaderMs, writeMs };
}

function report(): void {
  const [peer] = survivors;
  if (peer === undefined) return;
  const { electionModelMs } = peer.status().timings;
  console.log('\nWho did what:');
  for (const name of workers) {
    console.log(
      `  ${name.padEnd(8)} ${String(peer.tree.get<number>(`/workers/${name}`)?.value ?? 0).padStart(5)} files`,
    );
  }
  const { stopped, leaderMs, writeMs } = failover;
  console.log(`\nLeader ${stopped} was stopped abruptly half-way.`);
  console.log(`  without a leader:           ${leaderMs.toFixed(1)} ms`);
  console.log(`  until a write was answered: ${writeMs.toFixed(1)} ms`);
  console.log(`  model N x T_heartbeat / 2:  ${electionModelMs.toFixed(1)} ms (N = 3)`);
}

function show(): void {
  progress.show(doneCount(), [...alive][0]?.leader);
}

function doneCount(): number {
  return [...alive][0]?.tree.get<number>('/done')?.value ?? 0;
}

function leaderOf(candidates: readonly Peer[]): Peer {
  const leader = candidates.find((peer) => peer.role === 'leader');
  if (leader === undefined) throw new TypeError('no peer leads');
  return leader;
}

/** A peer that will survive: whoever does not lead at the start. */
function follower(): Peer {
  return peers.find((peer) => peer !== firstLeader) ?? firstLeader;
}

function since(atMs: number): number {
  return Math.round((performance.now() - atMs) * 10) / 10;
}
