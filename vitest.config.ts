import { availableParallelism } from 'node:os';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

// Tests run straight from the TypeScript sources: every package exports them under this one condition.
const conditions = ['@quorate/source', 'module', 'node', 'development|production'];

const config: ViteUserConfig = defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'packages/*/test/**/*.test.ts', 'test/*/**/*.test.ts'],
    testTimeout: 30_000,
    // Many tests wait for timers, sockets and disks: with one process less than cores, the default, two cores would idle.
    maxWorkers: Math.max(2, availableParallelism()),
    pool: 'forks',
    reporters: ['default'],
  },
});

export default config;
