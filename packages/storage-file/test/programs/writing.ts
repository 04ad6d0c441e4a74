/** Runs the program that writes one entry at a time, and reads what it says. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const writer = fileURLToPath(new URL('writer.js', import.meta.url));

/** Processes load the compiled package. */
export const isBuilt: boolean = existsSync(new URL('../../dist/index.js', import.meta.url));

/** strace can trace processes here; some systems have none, and some forbid it. */
export const isTraceable: boolean =
  process.platform === 'linux' && spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status === 0;

/** What a run of the program said, in numbers. */
export interface Said {
  /** Undefined: it did not get so far. */
  readonly found: number | undefined;
  /** The last one; `found` without any. */
  readonly acknowledged: number | undefined;
  readonly acknowledgedCount: number;
  readonly isFull: boolean;
  readonly failure: string | undefined;
  readonly acknowledgedAfterFailure: number;
  readonly wrong: readonly string[];
}

export function read(output: string): Said {
  const lines = output.split('\n').filter((line) => line !== '');
  const numbers = (word: string, of: readonly string[]): readonly number[] =>
    of.flatMap((line) => (line.startsWith(`${word} `) ? [Number(line.slice(word.length + 1))] : []));
  const failedAt = lines.findIndex((line) => line.startsWith('failed '));
  const [found] = numbers('found', lines);
  const acknowledged = numbers('acknowledged', lines);
  return {
    found,
    acknowledged: acknowledged.at(-1) ?? found,
    acknowledgedCount: acknowledged.length,
    isFull: lines.includes('full'),
    failure: lines[failedAt]?.slice('failed '.length),
    acknowledgedAfterFailure: failedAt < 0 ? 0 : numbers('acknowledged', lines.slice(failedAt)).length,
    wrong: lines.filter((line) => line.startsWith('damaged')),
  };
}

/** Runs it, perhaps under strace, until it ends. */
export function write(
  directory: string,
  options: { readonly most?: number; readonly strace?: readonly string[] } = {},
): Said & { readonly status: number | null; readonly errors: string } {
  const { most = 1_000_000_000, strace } = options;
  const program = [process.execPath, writer, directory, String(most)];
  const [command = '', ...args] = strace === undefined ? program : ['strace', '-f', ...strace, ...program];
  // One thread for all calls of the disk, so that the n-th call of a thread is the n-th of the process.
  const env = { ...process.env, UV_THREADPOOL_SIZE: '1' };
  const { stdout, stderr, status, error } = spawnSync(command, args, {
    env,
    encoding: 'utf8',
    timeout: 60_000,
  });
  // Out of time, or never begun: what it said last may be lost, so nothing is to be concluded from it.
  if (error !== undefined) throw error;
  return { ...read(stdout), status, errors: stderr };
}

/** Runs it and kills it after so many acknowledgements and milliseconds. */
export function writeUntilKilled(
  directory: string,
  { acknowledgements, delayMs }: { readonly acknowledgements: number; readonly delayMs: number },
): Promise<Said> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [writer, directory], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let isDoomed = false;
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (isDoomed || read(output).acknowledgedCount < acknowledgements) return;
      isDoomed = true;
      setTimeout(() => child.kill('SIGKILL'), delayMs);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      output += `damaged: ${chunk.toString().replaceAll('\n', ' ')}\n`;
    });
    // What it said before it was killed may still be in the pipe: `close` comes after that.
    child.on('close', () => resolve(read(output)));
  });
}

/** A directory of its own, gone afterwards. */
export async function withDirectory(run: (directory: string) => Promise<void> | void): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-writer-'));
  try {
    await run(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** How often strace saw a call begin. */
export function countCalls(traceFile: string, names: readonly string[]): number {
  const begins = new RegExp(`\\b(${names.join('|')})\\(`);
  return readFileSync(traceFile, 'utf8')
    .split('\n')
    .filter((line) => begins.test(line)).length;
}
