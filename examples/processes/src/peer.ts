/** One peer in a process of its own: `node peer.js a '{"a":"127.0.0.1:7001"}' ./data`. SIGTERM closes it. */
import { join } from 'node:path';
import { openPeer } from '@quorate/core';
import { fileStorage } from '@quorate/storage-file';
import { tcpTransport } from '@quorate/transport-tcp';

const [id = 'a', members = '{}', folder = './data'] = process.argv.slice(2);
const peer = await openPeer({
  id,
  members: JSON.parse(members) as Record<string, string>,
  transport: tcpTransport({ psk: process.env['ENSEMBLE_KEY'] ?? '' }),
  storage: fileStorage({ directory: join(folder, id) }),
});
peer.on('leader', ({ leader }) => process.send?.(leader ?? ''));
// An idle peer keeps no process alive; waiting for the end of its parent does.
process.once('disconnect', () => void peer.close());
process.once('SIGTERM', () => void peer.close().then(() => process.disconnect()));
