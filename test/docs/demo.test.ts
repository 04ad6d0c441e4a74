import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openPeer } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import { factsOf, trackedFiles } from '../../examples/demo/src/jobs.ts';
import { jobName, problemsIn } from '../../examples/demo/src/verify.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const program = fileURLToPath(new URL('../../examples/demo/dist/main.js', import.meta.url));
const workers = ['ada', 'alan'];

/** A peer whose tree tells that the first two files were done, one by each worker. */
async function doneBy(change: { readonly sha256?: string; readonly done?: number } = {}) {
  const files = trackedFiles(root).slice(0, 2);
  const peer = await openPeer({ id: 'a' });
  await peer.ready();
  const session = await peer.openSession();
  for (const path of ['/jobs', '/todo', '/workers']) await session.create(path);
  await session.create('/done', change.done ?? 2);
  for (const [index, file] of files.entries()) {
    const by = workers[index] ?? '';
    const facts = {
      ...factsOf(root, file),
      ...(change.sha256 === undefined ? {} : { sha256: change.sha256 }),
    };
    await session.create(`/workers/${by}`, 1);
    await session.create(`/jobs/${jobName(index)}`, { file, state: 'done', by, facts });
  }
  const acknowledged = workers.map((worker, index) => ({ job: jobName(index), worker }));
  return { peer, evidence: { root, files, peers: [peer], acknowledged, workers } };
}

describe('the demo', () => {
  it.skipIf(!existsSync(program))(
    'does every file exactly once although its leader is stopped (skipped where nothing is built)',
    () => {
      const { status, stdout } = spawnSync(process.execPath, [program], {
        encoding: 'utf8',
        timeout: 60_000,
      });
      expect(stdout).toMatch(/was stopped abruptly half-way/);
      expect(stdout).toMatch(/each of \d+ files was done exactly once/);
      expect(status).toBe(0);
    },
    60_000,
  );

  it('finds nothing wrong in a tree that tells the truth', async () => {
    const { peer, evidence } = await doneBy();
    expect(problemsIn(evidence)).toEqual([]);
    await peer.close();
  });

  it('notices a wrong count, a wrong fact, and a job that two workers were thanked for', async () => {
    const miscounted = await doneBy({ done: 3 });
    expect(problemsIn(miscounted.evidence)).toEqual(['peer a: /done is 3, not 2']);
    await miscounted.peer.close();
    const { peer, evidence } = await doneBy({ sha256: '00' });
    expect(problemsIn(evidence).filter((problem) => problem.includes('wrong facts'))).toHaveLength(2);
    const twice = [...evidence.acknowledged, { job: jobName(0), worker: 'alan' }];
    expect(problemsIn({ ...evidence, acknowledged: twice })).toContain(
      'a job was acknowledged to two workers',
    );
    await peer.close();
  });
});
