/**
 * The process of one trial. Its sources are loaded with the edits of one mutant (register.ts), so it must load
 * nothing of the library before it is asked; it runs seed after seed and tells what became of each.
 */
import type { Asked, Told } from './trial.ts';

process.once('message', (message) => {
  void answer(message as Asked).then(() => process.disconnect());
});

// A bug may also show as an error that nobody has caught: it belongs to the seed that runs.
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error: unknown) => {
    tell({ kind: 'broken', checker: 'uncaught error', message: textOf(error) }, () => process.exit(0));
  });
}

async function answer({ seeds, reduction, storage }: Asked): Promise<void> {
  const library = [import('@quorate/simulator'), import('../sweep/storages.js')] as const;
  const loaded = await Promise.all(library).catch((error: unknown) => {
    tell({ kind: 'broken', checker: 'does not load', message: textOf(error) });
  });
  if (loaded === undefined) return;
  const [{ allInvariants, runSeed }, { storageNamed }] = loaded;
  for (const seed of seeds) {
    const { violation, durationMs } = await runSeed({
      seed: BigInt(seed),
      invariants: allInvariants,
      reduction,
      ...storageNamed(storage, BigInt(seed)),
    });
    tell({ kind: 'seed', seed, durationMs });
    if (violation === undefined) continue;
    tell({ kind: 'broken', checker: violation.checker, message: violation.message });
    return;
  }
}

function tell(told: Told, whenSent?: () => void): void {
  process.send?.(told, undefined, undefined, whenSent);
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
