/** One mutant before the seeds: a process of its own, which ends with the first checker that is not content. */
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Reduction } from '@quorate/simulator';
import type { HookFacts } from './hooks.ts';
import { applyEdit, type Edit } from './mutant.ts';

// The child is compiled JavaScript, because Node 20 loads nothing else; tests run this file as TypeScript.
const isSource = import.meta.url.endsWith('.ts');
const compiled = new URL(isSource ? '../dist/mutants/' : './', import.meta.url);
const root = fileURLToPath(new URL('../../../../', compiled));

/** What the process is asked. */
export interface Asked {
  readonly seeds: readonly number[];
  readonly reduction: Reduction;
  /** As sweep/storages.ts names it. */
  readonly storage: string;
}

/** What it tells: each seed that has ended, and at most once what was broken (then by the last seed). */
export type Told =
  | { readonly kind: 'seed'; readonly seed: number; readonly durationMs: number }
  | { readonly kind: 'broken'; readonly checker: string; readonly message: string };

export interface TrialOptions extends Asked {
  /** None: a control run of the sources as they are. */
  readonly edits: readonly Edit[];
  /** Real milliseconds for all its seeds. */
  readonly wallMsMax: number;
  /** Real milliseconds without a word after which a seed is said to hang. */
  readonly silenceMsMax: number;
}

export interface Trial {
  /** Undefined: it survived. */
  readonly killedBy: string | undefined;
  readonly message: string;
  /** Seeds that were run, the one that killed it included. */
  readonly seedsCount: number;
  /** Virtual milliseconds of all of them. */
  readonly simulatedMs: number;
  readonly wallMs: number;
}

/** Rejects with `EditMismatch` when an edit does not fit: that is no kill. */
export async function tryMutant(options: TrialOptions): Promise<Trial> {
  demandFit(options.edits);
  return await runChild(options);
}

function demandFit(edits: readonly Edit[]): void {
  const texts = new Map<string, string>();
  for (const edit of edits) {
    const before = texts.get(edit.file) ?? readFileSync(`${root}${edit.file}`, 'utf8');
    texts.set(edit.file, applyEdit(before, edit));
  }
}

function runChild(options: TrialOptions): Promise<Trial> {
  const { edits, seeds, reduction, storage, silenceMsMax, wallMsMax } = options;
  const facts: HookFacts = { root, edits };
  const startedAtMs = performance.now();
  const child = fork(new URL('child.js', compiled), {
    execArgv: ['--conditions=@quorate/source', '--import', new URL('register.js', compiled).href],
    env: { ...process.env, QUORATE_MUTANT: JSON.stringify(facts) },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let doneCount = 0;
  let simulatedMs = 0;
  let errors = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    errors = `${errors}${chunk.toString()}`.slice(-2_000);
  });
  return new Promise((resolve) => {
    let isOver = false;
    const finish = (killedBy: string | undefined, message: string): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(limit);
      clearTimeout(silence);
      child.kill('SIGKILL');
      const seedsCount = Math.max(doneCount, killedBy === undefined ? 0 : 1);
      resolve({ killedBy, message, seedsCount, simulatedMs, wallMs: performance.now() - startedAtMs });
    };
    const hangs = (): void => {
      doneCount += 1;
      finish('hangs', `seed ${seeds[doneCount - 1]} did not end within ${silenceMsMax} real milliseconds`);
    };
    const limit = setTimeout(() => finish(undefined, 'out of time'), wallMsMax);
    let silence = setTimeout(hangs, silenceMsMax);
    child.on('message', (message) => {
      const told = message as Told;
      if (told.kind === 'broken') {
        finish(told.checker, told.message);
        return;
      }
      doneCount += 1;
      simulatedMs += told.durationMs;
      clearTimeout(silence);
      silence = setTimeout(hangs, silenceMsMax);
    });
    child.on('exit', (code) => {
      const ended = (): void => {
        if (code === 0 || doneCount === seeds.length) finish(undefined, '');
        else finish('process ends', errors);
      };
      // What the process told last may still be on its way.
      if (child.connected) child.once('disconnect', ended);
      else ended();
    });
    child.send({ seeds, reduction, storage } satisfies Asked);
  });
}
