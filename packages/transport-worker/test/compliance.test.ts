import { transportCases } from '@quorate/compliance';
import { describe, expect, it } from 'vitest';
import { workerHub } from '../src/index.ts';
import { channelLimits } from '../src/limits.ts';

describe('the transport of one thread complies', () => {
  const { windowBytesMax, windowFramesMax, queueBytesMax, queueFramesMax } = channelLimits;
  const cases = transportCases({
    open: async (members) => {
      const hub = workerHub();
      return {
        addresses: Object.fromEntries(members.map((member) => [member, ''])),
        transport: (member) => hub.transport(member),
        sessionTransport: () => hub.transport(),
        close: () => hub.close(),
      };
    },
    cannot: {
      break: 'a channel between two live threads does not break',
      stall: 'all members share one thread here; the other harness has threads',
      crash: 'all members share one thread here; the other harness has threads',
    },
    waitingBytesMax: windowBytesMax + queueBytesMax,
    waitingFramesMax: windowFramesMax + queueFramesMax,
  });
  it.for(cases.map((one) => [one.title, one] as const))('%s', async ([, { run, skipped }], { skip }) => {
    skip(skipped !== undefined, skipped);
    await expect(run()).resolves.toBeUndefined();
  });
});
