/** Opens everything that there is, closes it, and has nothing left: the process must end by itself. */
import { connect, openPeer } from '@quorate/core';
import { workerHub } from '@quorate/transport-worker';

const members = { main: '', a: '', b: '' };
const hub = workerHub();
const workers = hub.spawn(new URL('./peer.js', import.meta.url), [
  { id: 'a', members },
  { id: 'b', members, keepAlive: true },
]);
const peer = await openPeer({ id: 'main', members, transport: hub.transport('main') });
const session = await connect({ transport: hub.transport(), peers: members });
await session.create('/greeting', 'hello');
if (process.argv[2] === 'close') {
  await session.close();
  await peer.close();
  await hub.close();
  await hub.close();
} else {
  await workers[1]?.terminate();
}
console.log(JSON.stringify(process.getActiveResourcesInfo().filter((kind) => !/Pipe|TTY/.test(kind))));
