import { transportCases } from '@quorate/compliance';
import { describe, expect, it } from 'vitest';
import { memoryNetwork } from '../src/index.ts';

describe('the memory transport complies', () => {
  const cases = transportCases({
    open: async (members) => {
      const network = memoryNetwork();
      return {
        addresses: Object.fromEntries(members.map((member) => [member, ''])),
        transport: () => network.transport(),
        sessionTransport: () => network.transport(),
        break(a, b) {
          network.cut(a, b, { silent: false });
          network.heal();
        },
        close: async () => undefined,
      };
    },
    cannot: {
      stall: 'all members share one event loop',
      crash: 'all members share one process',
    },
    waitingBytesMax: 65 * 1_024 * 1_024,
    waitingFramesMax: 8_192,
  });
  it.for(cases.map((one) => [one.title, one] as const))('%s', async ([, { run, skipped }], { skip }) => {
    skip(skipped !== undefined, skipped);
    await expect(run()).resolves.toBeUndefined();
  });
});
