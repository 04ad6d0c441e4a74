/** Runs many seeds in several processes of this program and adds up what they say. */
import { type ChildProcess, fork } from 'node:child_process';
import { addCoverage, type Coverage, type FaultCounts, noCoverage } from '@quorate/simulator';
import type { Told } from './worker.ts';

/** What a sweep is. */
export interface SweepOptions {
  readonly seeds: readonly bigint[];
  readonly processesCount: number;
  readonly onSeed?: (told: Told, doneCount: number) => void;
  /** True: the sweep ends with the first violation. */
  readonly failFast: boolean;
  /** As storageNamed takes it. */
  readonly storage: string;
}

/** What a sweep has seen. */
export interface SweepResult {
  readonly seedsCount: number;
  readonly simulatedMs: number;
  readonly wallMs: number;
  readonly eventsCount: number;
  readonly operationsCount: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly coverage: Coverage;
  readonly failures: readonly Told[];
}

/** Seeds that a process gets at a time: few, so that none has to wait for another at the end. */
const seedsPerTurn = 4;

export async function sweep(options: SweepOptions): Promise<SweepResult> {
  const startedAtMs = performance.now();
  const queue = [...options.seeds];
  const told: Told[] = [];
  let isOver = false;
  const work = async (): Promise<void> => {
    const child = fork(new URL('./worker.js', import.meta.url), [options.storage]);
    try {
      while (queue.length > 0 && !isOver) {
        for (const one of await runIn(child, queue.splice(0, seedsPerTurn))) {
          told.push(one);
          options.onSeed?.(one, told.length);
          if (one.violation !== undefined && options.failFast) isOver = true;
        }
      }
    } finally {
      child.kill();
    }
  };
  await Promise.all(Array.from({ length: options.processesCount }, work));
  return addUp(told, performance.now() - startedAtMs);
}

/** The results of some seeds, in their order. Rejects when the process ends without an answer. */
function runIn(child: ChildProcess, seeds: readonly bigint[]): Promise<readonly Told[]> {
  return new Promise((resolve, reject) => {
    const exited = (code: number | null): void => reject(new RangeError(`a worker ended with code ${code}`));
    child.once('exit', exited);
    child.once('message', (message) => {
      child.off('exit', exited);
      resolve(message as readonly Told[]);
    });
    child.send(seeds.map(String));
  });
}

function addUp(told: readonly Told[], wallMs: number): SweepResult {
  let simulatedMs = 0;
  let eventsCount = 0;
  let operationsCount = 0;
  let coverage: Coverage = noCoverage;
  const faults: Record<string, number> = {};
  for (const one of told) {
    simulatedMs += one.durationMs;
    eventsCount += one.eventsCount;
    operationsCount += one.operationsCount;
    coverage = addCoverage(coverage, one.coverage);
    addFaults(faults, one.faults);
  }
  const failures = told.filter(({ violation }) => violation !== undefined);
  const seedsCount = told.length;
  return { seedsCount, simulatedMs, wallMs, eventsCount, operationsCount, faults, coverage, failures };
}

function addFaults(sum: Record<string, number>, faults: FaultCounts): void {
  for (const [kind, count] of Object.entries(faults)) sum[kind] = (sum[kind] ?? 0) + count;
}
