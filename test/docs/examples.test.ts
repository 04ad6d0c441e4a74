/** The examples run as their readers would run them, from what is built. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const folder = fileURLToPath(new URL('../../examples', import.meta.url));

/** What each of them prints when all is well. */
const examples: readonly (readonly [name: string, prints: RegExp])[] = [
  [
    'simulate',
    /the lock alone: seed \d+ loses \d+ of the additions\nwith its fencing token: 4 seeds lose nothing\n$/,
  ],
  ['workers', /the leader is [abc]: its worker is terminated\ncounted 1000 times: 1000\n$/],
  [
    'processes',
    /the leader is [abc]: its process is killed, and started again\nall three .*\ncounted 200 times: 200\n$/,
  ],
  ['cluster', /takes its place\n300 requests, 300 numbers\n$/],
  ['custom-transport', /29 passed, 0 failed, 22 skipped\n$/],
];

describe('the example', () => {
  it.for(examples)(
    '%s does what it says, and its process ends by itself (skipped where nothing is built)',
    { timeout: 110_000 },
    ([name, prints], { skip }) => {
      const program = `${folder}/${name}/dist/main.js`;
      skip(!existsSync(program));
      const { status, stdout, stderr } = spawnSync(process.execPath, [program], {
        encoding: 'utf8',
        timeout: 100_000,
      });
      expect(stdout + stderr).toMatch(prints);
      expect(status).toBe(0);
    },
  );
});

describe('the examples are short', () => {
  it.each([
    ['simulate', 60],
    ['workers', 60],
    ['processes', 60],
    ['cluster', 60],
    ['custom-transport', 100],
  ])('no file of %s has %d lines', (name, linesMax) => {
    const source = `${folder}/${name}/src`;
    for (const file of readdirSync(source)) {
      expect(readFileSync(`${source}/${file}`, 'utf8').trimEnd().split('\n').length).toBeLessThan(linesMax);
    }
  });
});
