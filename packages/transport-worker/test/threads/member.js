/** A thread that holds transports, one life after another, and does with them what the suite in the main thread asks. */
import { parentPort, workerData } from 'node:worker_threads';
import { workerTransport } from '@quorate/transport-worker';

/** Three words: 1 when a call has been answered; the answer; 1 while this thread is to stand still. */
const words = new Int32Array(workerData.shared);
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const transports = new Map();

function eventsOf(life, serves) {
  const tell = (event) => parentPort.postMessage({ ...event, life });
  const sessions = {
    opened: (connection) => tell({ kind: 'session-opened', connection }),
    frame: (connection, bytes) => tell({ kind: 'session-frame', connection, bytes }),
    drained: (connection) => tell({ kind: 'session-drained', connection }),
    closed: (connection) => tell({ kind: 'session-closed', connection }),
  };
  return {
    frame: (from, bytes) => tell({ kind: 'frame', from, bytes }),
    connected: (member) => tell({ kind: 'connected', member }),
    disconnected: (member) => tell({ kind: 'disconnected', member }),
    ...(serves ? { sessions } : {}),
  };
}

const calls = {
  send: (transport, { to, bytes }) => transport.send(to, bytes),
  sendToSession: (transport, { connection, bytes }) => transport.sendToSession(connection, bytes),
  hangUpSession: (transport, { connection }) => transport.hangUpSession(connection),
};

async function start({ life, owner, serves }) {
  const transport = workerTransport();
  transports.set(life, transport);
  try {
    await transport.start({ ...owner, logger: silent }, eventsOf(life, serves));
    parentPort.postMessage({ kind: 'started', life });
  } catch {
    parentPort.postMessage({ kind: 'refused', life });
  }
}

async function close({ life, options }) {
  await transports.get(life)?.close(options);
  parentPort.postMessage({ kind: 'closed', life });
}

parentPort.on('message', (message) => {
  const call = calls[message.kind];
  if (call !== undefined) {
    Atomics.store(words, 1, call(transports.get(message.life), message) ? 1 : 0);
    Atomics.store(words, 0, 1);
    Atomics.notify(words, 0);
  } else if (message.kind === 'start') void start(message);
  else if (message.kind === 'close') void close(message);
  else if (message.kind === 'stall') {
    parentPort.postMessage({ kind: 'stalled', life: message.life });
    Atomics.wait(words, 2, 1);
  } else if (message.kind === 'crash') throw new Error('this thread crashes on purpose');
});
