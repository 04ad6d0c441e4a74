/** One of the two other members in a process of its own; it ends when its parent lets go of it. */
import { join } from 'node:path';
import { fileStorage } from '@quorate/storage-file';
import { tcpTransport } from '@quorate/transport-tcp';
import { runOther } from '../three-peers.ts';
import { runBareOther } from './bare-path.ts';

const [role = 'peer', id = '', members = '{}', folder = ''] = process.argv.slice(2);
process.on('disconnect', () => process.exit(0));
const addresses = JSON.parse(members) as Record<string, string>;
if (role === 'bare') await runBareOther(addresses[id] ?? '', join(folder, `bare-${id}`));
else {
  await runOther({
    id,
    members: addresses,
    transport: tcpTransport({ insecure: true }),
    storage: fileStorage({ directory: join(folder, id) }),
  });
}
