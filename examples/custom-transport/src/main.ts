/** Runs the compliance suite against the transport of this example. */
import { runCases, transportCases } from '@quorate/compliance';
import { type ChannelNetwork, ChannelTransport, waitingBytesMax } from './channel-transport.ts';

const cases = transportCases({
  async open(members) {
    const network: ChannelNetwork = new Map();
    return {
      addresses: Object.fromEntries(members.map((member) => [member, ''])),
      transport: () => new ChannelTransport(network),
      close: async () => undefined,
    };
  },
  cannot: {
    sessions: 'it carries members only; connect() needs the optional parts of the port',
    break: 'a channel inside of one process does not break',
    stall: 'all members share one event loop',
    crash: 'all members share one process',
  },
  waitingBytesMax,
  waitingFramesMax: 10_000,
});

const { passed, failed, skipped } = await runCases(cases);
for (const { title, error } of failed) console.error(`failed: ${title}\n`, error);
for (const title of passed) console.log(`passed: ${title}`);
console.log(`${passed.length} passed, ${failed.length} failed, ${skipped.length} skipped`);
process.exitCode = failed.length === 0 ? 0 : 1;
