import { transportCases, type TransportHarness } from '@quorate/compliance';
import { describe, expect, it } from 'vitest';
import { tcpTransport, type TcpTransportOptions } from '../src/index.ts';
import { addressesFor, socketsFor } from './started.ts';
import { networkOfWires } from './wires.ts';

const psk = 'a key of this test, long enough';
const mebibyte = 1_024 * 1_024;
const cannot = {
  break: 'nothing stands between two sockets of one process; see the run through proxies',
  stall: 'all members share one event loop; see the run through proxies',
  crash: 'all members share one process; test/e2e kills processes',
};

function harness(
  addresses: (ids: readonly string[]) => Promise<Record<string, string>>,
  options: TcpTransportOptions,
): TransportHarness {
  return {
    open: async (members) => ({
      addresses: await addresses(members),
      transport: () => tcpTransport(options),
      sessionTransport: () => tcpTransport(options),
      close: async () => undefined,
    }),
    cannot,
    waitingBytesMax: 65 * mebibyte,
    waitingFramesMax: 8_193,
  };
}

/** A small queue, and what the kernel's buffers and the proxies hold beside it. */
const throughProxies: TransportHarness = {
  open: (members) => networkOfWires(members, { queueBytesMax: 4 * mebibyte, stallMsMax: 60_000 }),
  cannot: { crash: cannot.crash },
  waitingBytesMax: 64 * mebibyte,
  waitingFramesMax: 500_000,
};

describe('the TCP transport complies through proxies', () => {
  // The others do without, and run below.
  const cases = transportCases(throughProxies).filter(({ title }) => /breaks|reads nothing/.test(title));
  it.for(cases)('$title', async ({ run, skipped }) => {
    expect(skipped).toBeUndefined();
    await expect(run()).resolves.toBeUndefined();
  });

  it('in both cases that need them', () => {
    expect(cases).toHaveLength(2);
  });
});

describe.each([
  ['over TCP', harness((ids) => addressesFor(...ids), { insecure: true })],
  ['over Unix sockets', harness(async (ids) => socketsFor(...ids), { insecure: true })],
  ['under a pre-shared key', harness((ids) => addressesFor(...ids), { psk })],
])('the TCP transport complies %s', (_title, subject) => {
  it.for(transportCases(subject))('$title', async ({ run, skipped }, { skip }) => {
    skip(skipped !== undefined, skipped);
    await expect(run()).resolves.toBeUndefined();
  });
});
