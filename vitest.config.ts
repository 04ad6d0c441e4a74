import { availableParallelism } from 'node:os';
import { defineConfig, type ViteUserConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

// Tests run straight from the TypeScript sources: every package exports them under this one condition.
const conditions = ['@quorate/source', 'module', 'node', 'development|production'];

/** Files that wait for processes of their own: begun first, they wait beside the others and not after them. */
const waiting = /\/test\/(e2e|docs)\//;

class WaitingFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => (waiting.test(moduleId) ? 0 : 1);
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

const config: ViteUserConfig = defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'packages/*/test/**/*.test.ts', 'test/*/**/*.test.ts'],
    // Beyond the patience of the slowest machine: a test says what it waited for before it is cut off.
    testTimeout: 60_000,
    // Many tests wait for timers, sockets and disks: with no more processes than cores, cores would idle.
    maxWorkers: availableParallelism() + 1,
    sequence: { sequencer: WaitingFirst },
    pool: 'forks',
    // Files share the modules of their process, and nothing else: loading them anew for each took a third of the time.
    isolate: false,
    reporters: ['default'],
  },
});

export default config;
