import { availableParallelism } from 'node:os';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

// Tests run straight from the TypeScript sources: every package exports them under this one condition.
const conditions = ['@quorate/source', 'module', 'node', 'development|production'];

const config: ViteUserConfig = defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'packages/*/test/**/*.test.ts', 'test/*/**/*.test.ts'],
    // Beyond the patience of the slowest machine: a test says what it waited for before it is cut off.
    testTimeout: 60_000,
    // Many tests wait for timers, sockets and disks: with no more processes than cores, cores would idle.
    maxWorkers: availableParallelism() + 1,
    pool: 'forks',
    // Files share the modules of their process, and nothing else: loading them anew for each took a third of the time.
    isolate: false,
    reporters: ['default'],
  },
});

export default config;
