/**
 * Checks the result apart from the ensemble: the files are hashed here once more, and the workers' own notes
 * of what was acknowledged to them are counted. Every replica must tell the same story.
 */
import type { Peer } from '@quorate/core';
import { factsOf } from './jobs.ts';
import type { DoneJob, Job } from './worker.ts';

export interface Evidence {
  readonly root: string;
  readonly files: readonly string[];
  readonly peers: readonly Peer[];
  /** Jobs acknowledged as recorded, in order, as the workers noted them. */
  readonly acknowledged: readonly { readonly job: string; readonly worker: string }[];
  readonly workers: readonly string[];
}

/** Everything that is wrong, as sentences; empty when every file was done exactly once. */
export function problemsIn(evidence: Evidence): readonly string[] {
  const { acknowledged, peers } = evidence;
  const problems: string[] = [];
  const jobs = acknowledged.map(({ job }) => job);
  if (new Set(jobs).size !== jobs.length) problems.push('a job was acknowledged to two workers');
  for (const peer of peers)
    problems.push(...problemsAt(peer, evidence).map((text) => `peer ${peer.id}: ${text}`));
  const digests = new Set(peers.map((peer) => peer.status().digest));
  if (digests.size !== 1) problems.push(`the replicas differ: ${[...digests].join(', ')}`);
  return problems;
}

function problemsAt(peer: Peer, { root, files, acknowledged, workers }: Evidence): readonly string[] {
  const problems: string[] = [];
  const done = peer.tree.get<number>('/done')?.value;
  if (done !== files.length) problems.push(`/done is ${done}, not ${files.length}`);
  const counted = workers.map((name) => peer.tree.get<number>(`/workers/${name}`)?.value ?? 0);
  const sum = counted.reduce((total, count) => total + count, 0);
  if (sum !== files.length) problems.push(`the workers' counts add up to ${sum}, not ${files.length}`);
  files.forEach((file, index) => {
    const job = jobName(index);
    const value = peer.tree.get<Job | DoneJob>(`/jobs/${job}`)?.value;
    if (value?.state !== 'done') return void problems.push(`${file} is not done`);
    const { sha256, lines } = factsOf(root, file);
    if (value.facts.sha256 !== sha256 || value.facts.lines !== lines)
      problems.push(`${file} has wrong facts`);
    const note = acknowledged.find((other) => other.job === job);
    if (note !== undefined && note.worker !== value.by)
      problems.push(`${file} is recorded for somebody else`);
  });
  if (peer.tree.children('/todo').length > 0) problems.push('there is still something to do');
  return problems;
}

export function jobName(index: number): string {
  return String(index).padStart(6, '0');
}
