/** How long is nobody's write acknowledged when the leader's process dies, or stands still? See README.md. */
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { median, printMachine, printTable } from '../measure.ts';
import { type Blow, Ensemble } from './ensemble.ts';

const rounds = Number(process.argv[2] ?? 50);
/** N x T_heartbeat / 2 for three peers with the default heartbeat of 50 ms. */
const modelMs = (3 * 50) / 2;
/** Two election time-outs of 250 ms, the default. */
const stoppedMsMax = 2 * 250;

printMachine();
const folder = mkdtempSync(join(tmpdir(), 'quorate-failover-'));
const ensemble = await Ensemble.open(folder);
const rows = [await measure('SIGKILL'), await measure('SIGSTOP')];
ensemble.close();
rmSync(folder, { recursive: true, maxRetries: 10 });
printTable(['', 'median', 'fastest', '9 of 10 within', 'slowest', 'a write', 'aim', 'within'], rows);

async function measure(blow: Blow): Promise<readonly string[]> {
  const loadBefore = loadavg()[0] ?? 0;
  const tookMs: number[] = [];
  const writeMs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const failover = await ensemble.strike(blow);
    tookMs.push(failover.tookMs);
    if (Number.isFinite(failover.writeMs)) writeMs.push(failover.writeMs);
  }
  console.log(
    `${blow}, ${rounds} times; load ${loadBefore.toFixed(1)} before, ${(loadavg()[0] ?? 0).toFixed(1)} after`,
  );
  const sorted = tookMs.sort((first, second) => first - second);
  const write = median(writeMs);
  const aimMs = blow === 'SIGKILL' ? modelMs + write : stoppedMsMax;
  const within = sorted.filter((each) => each <= aimMs).length;
  const show = (ms: number | undefined): string => `${(ms ?? Number.NaN).toFixed(1)} ms`;
  return [
    blow,
    show(median(sorted)),
    show(sorted[0]),
    show(sorted[Math.ceil(rounds * 0.9) - 1]),
    show(sorted.at(-1)),
    show(write),
    show(aimMs),
    `${within} of ${rounds}`,
  ];
}
