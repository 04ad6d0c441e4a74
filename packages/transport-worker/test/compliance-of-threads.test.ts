import { existsSync } from 'node:fs';
import { transportCases } from '@quorate/compliance';
import { afterAll, describe, expect, it } from 'vitest';
import { channelLimits } from '../src/limits.ts';
import { openThreadNetwork } from './threads/thread-network.ts';
import { Threads } from './threads/thread.ts';

const isBuilt = existsSync(new URL('../dist/index.js', import.meta.url));

describe('the transport of several threads complies', () => {
  const threads = new Threads();
  afterAll(() => threads.hub.close());
  const { windowBytesMax, windowFramesMax, queueBytesMax, queueFramesMax } = channelLimits;
  const cases = transportCases({
    open: async (members) => openThreadNetwork(threads, members),
    cannot: {
      break: 'a channel between two live threads does not break',
      burst: 'each send is a turn of its own here, while the other thread reads',
    },
    waitingBytesMax: windowBytesMax + queueBytesMax,
    waitingFramesMax: windowFramesMax + queueFramesMax,
  });
  it.for(cases.map((one) => [one.title, one] as const))('%s', async ([, { run, skipped }], { skip }) => {
    skip(!isBuilt, 'workers run what is built; nothing is');
    skip(skipped !== undefined, skipped);
    await expect(run()).resolves.toBeUndefined();
  });
});
