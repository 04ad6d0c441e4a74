/** One job of the recovery comparison in a process of its own: `recovery-process.js JOB DIRECTORY COUNT`. */
import { applyLog, decodeSnapshot, startPeer } from './starting.ts';
import { writeLog, writeSnapshot } from './stored.ts';

export type Job = 'write-log' | 'write-snapshot' | 'apply-log' | 'decode-snapshot' | 'start';

/** What a job tells at its end. */
export interface JobResult {
  /** 0 if it measures nothing. */
  readonly tookMs: number;
  readonly peakBytes: number;
}

const [job = 'start', directory = '', count = '0'] = process.argv.slice(2);
const tookMs = await run(job as Job);
const told: JobResult = { tookMs, peakBytes: process.resourceUsage().maxRSS * 1_024 };
process.send?.(told, () => process.exit(0));

async function run(chosen: Job): Promise<number> {
  switch (chosen) {
    case 'write-log':
      await writeLog(directory, Number(count));
      return 0;
    case 'write-snapshot':
      await writeSnapshot(directory, Number(count));
      return 0;
    case 'apply-log':
      return await applyLog(directory);
    case 'decode-snapshot':
      return await decodeSnapshot(directory);
    case 'start':
      return await startPeer(directory);
  }
}
