/** Three durable peers in three processes over TCP beside the bare replicated path, in turns. */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { storageOn } from '@quorate/storage-file';
import { tcpTransport } from '@quorate/transport-tcp';
import { ended, loopbackMembers } from '../processes.ts';
import { mainMember, openMain, otherMembers, type Subject, value } from '../three-peers.ts';
import { openBareMain } from './bare-path.ts';
import { compareInTurn } from './compare.ts';
import { countingDirectory, type Counts } from './counting-directory.ts';

export async function compareReplicated(folder: string, inFlights: readonly number[]): Promise<void> {
  const counts: Counts = { logSyncs: 0, otherSyncs: 0, bytes: 0 };
  const bare = await inProcesses('bare', folder, (members) =>
    openBareMain(members, join(folder, 'bare-main')),
  );
  const peers = await inProcesses('peer', folder, (members) =>
    openMain({
      id: mainMember,
      members,
      transport: tcpTransport({ insecure: true }),
      storage: storageOn(countingDirectory(join(folder, mainMember), counts)),
    }),
  );
  await compareInTurn({
    title: `Durable writes, values of ${value.length} bytes, three processes over TCP`,
    bare: (lane) => bare.call(lane),
    durable: (lane) => peers.call(lane),
    names: { bare: 'bare', durable: '3 peers' },
    inFlights,
    syncs: () => counts.logSyncs,
  });
  await bare.close();
  await peers.close();
}

/** The main member in this process, the others in two of their own. */
async function inProcesses(
  role: 'bare' | 'peer',
  folder: string,
  open: (members: Readonly<Record<string, string>>) => Promise<Subject>,
): Promise<Subject> {
  const members = await loopbackMembers([mainMember, ...otherMembers]);
  const file = new URL('other-process.js', import.meta.url);
  const children = otherMembers.map((id) => fork(file, [role, id, JSON.stringify(members), folder]));
  const main = await open(members);
  return {
    call: (lane) => main.call(lane),
    async close() {
      await main.close();
      await Promise.all(children.map((child) => ended(child)));
    },
  };
}
