/** Whole programs in processes of their own, from what is built. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const isBuilt = existsSync(new URL('../dist/index.js', import.meta.url));
const endsMsMax = 25_000;

interface Ended {
  readonly code: number | null;
  readonly printed: string;
  readonly errors: string;
}

/** Ends with the process; one that does not end by itself is killed, and its code is null. */
function run(program: string, ...args: readonly string[]): Promise<Ended> {
  const file = fileURLToPath(new URL(`programs/${program}`, import.meta.url));
  const child = spawn(process.execPath, [file, ...args], { timeout: endsMsMax, killSignal: 'SIGKILL' });
  let printed = '';
  let errors = '';
  child.stdout.on('data', (text: Buffer) => (printed += text.toString()));
  child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
  return new Promise((resolve) => {
    child.on('close', (code) => resolve({ code, printed: printed.trim(), errors }));
  });
}

describe.skipIf(!isBuilt)('a program (skipped where nothing is built)', () => {
  it('whose main thread hangs loses its session, though the peers in its workers are well', async () => {
    const { printed, errors } = await run('hung-main.js', 'hang');
    expect(errors).toBe('');
    expect(JSON.parse(printed)).toEqual({
      seen: 'gone',
      code: 'SESSION_EXPIRED',
      state: 'expired',
      aborted: true,
    });
  });

  it('whose main thread only waits as long keeps its session', async () => {
    const { printed, errors } = await run('hung-main.js', 'wait');
    expect(errors).toBe('');
    expect(JSON.parse(printed)).toMatchObject({ seen: 'still there', code: 'alive', aborted: false });
  });

  it('that closes its session, its peer and its hub has nothing left, and its process ends by itself', async () => {
    expect(await run('leaves-nothing.js', 'close')).toEqual({ code: 0, printed: '[]', errors: '' });
  });

  it('that closes nothing ends too, when its main thread has nothing left to do', async () => {
    expect(await run('leaves-nothing.js', 'idle')).toEqual({ code: 0, printed: '[]', errors: '' });
  });
});
