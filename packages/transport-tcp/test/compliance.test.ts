import { transportCases, type TransportHarness } from '@quorate/compliance';
import { describe, expect, it } from 'vitest';
import { tcpTransport, type TcpTransportOptions } from '../src/index.ts';
import { addressesFor, socketsFor } from './started.ts';

const psk = 'a key of this test, long enough';
const cannot = {
  break: 'nothing stands between two sockets of this process; the tests of this package cut them by a proxy',
  stall: 'all members share one event loop; the tests of this package have a reader of their own that stops',
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
    waitingBytesMax: 65 * 1_024 * 1_024,
    waitingFramesMax: 8_193,
  };
}

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
