/** What only a process of its own can show: when it ends by itself, and what it does without file descriptors. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { addressesFor, socketsFor, start } from './started.ts';

const entry = (name: string): string =>
  fileURLToPath(new URL(`../../${name}/dist/index.js`, import.meta.url));

interface Ended {
  readonly code: unknown;
  readonly printed: string;
}

/** Runs the script with `core` and `tcp` imported from what `npm run build` made. */
async function run(script: string, shell = ''): Promise<Ended> {
  const imports = `
    const { openPeer } = await import(${JSON.stringify(entry('core'))});
    const { tcpTransport } = await import(${JSON.stringify(entry('transport-tcp'))});
  `;
  const args = ['--input-type=module', '-e', imports + script];
  const child =
    shell === ''
      ? spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
      : spawn('sh', ['-c', `${shell}; exec "$@"`, 'sh', process.execPath, ...args], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => {
    printed += chunk.toString();
  });
  const [code] = (await once(child, 'close')) as readonly unknown[];
  return { code, printed: printed.trim() };
}

const openThree = (members: object): string => `
  const members = ${JSON.stringify(members)};
  const peers = await Promise.all(Object.keys(members).map((id) =>
    openPeer({ id, members, transport: tcpTransport({ psk: 'a key of this test, long enough' }) })));
`;

describe('a process', () => {
  it('with idle peers ends by itself, though nobody closes them', async () => {
    const members = await addressesFor('a', 'b', 'c');
    const script = `${openThree(members)}
      await Promise.all(peers.map((peer) => peer.ready()));
      console.log(peers.filter(({ role }) => role === 'leader').length);`;
    expect(await run(script)).toEqual({ code: 0, printed: '1' });
  });

  it('with a call that waits goes on until it is answered', async () => {
    const members = await addressesFor('a', 'b', 'c');
    const script = `${openThree(members)}
      const session = await peers[1].openSession();
      await session.create('/z', 1);
      const value = (await session.get('/z', { consistency: 'linearizable' })).value;
      console.log(value);`;
    expect(await run(script)).toEqual({ code: 0, printed: '1' });
  });

  it('with a call that cannot be answered ends when its time is over', async () => {
    const { a, b } = await addressesFor('a', 'b');
    const script = `
      const peer = await openPeer({ id: 'a', members: ${JSON.stringify({ a, b })}, transport: tcpTransport({ insecure: true }) });
      await peer.openSession({ deadlineMs: 300 }).catch(({ code }) => console.log(code));`;
    expect(await run(script)).toEqual({ code: 0, printed: 'UNAVAILABLE' });
  });

  it('that closes everything leaves nothing that Node could name', async () => {
    const sockets = socketsFor('a', 'b', 'c');
    const script = `${openThree(sockets)}
      const session = await peers[1].openSession();
      await session.create('/z', 1);
      await Promise.all(peers.map((peer) => peer.close()));
      console.log(process.getActiveResourcesInfo().filter((name) => !/Pipe|TTY/.test(name)).join());`;
    expect(await run(script)).toEqual({ code: 0, printed: '' });
    expect(Object.values(sockets).map((path) => existsSync(path))).toEqual([false, false, false]);
  });

  it('without file descriptors loses what it cannot accept, and accepts again when there are some', async () => {
    const { a, b } = await addressesFor('a', 'b');
    const script = `
      import { connect } from 'node:net';
      import { openSync, closeSync } from 'node:fs';
      const errors = [];
      const logger = { debug() {}, info() {}, warn() {}, error: (facts) => errors.push(facts.err?.code) };
      const transport = tcpTransport({ insecure: true });
      const told = [];
      await transport.start(
        { member: 'a', ensemble: 'test', incarnation: 1, members: ${JSON.stringify({ a })}, frameBytesMax: 1000, logger },
        { frame() {}, connected: () => undefined, disconnected: () => undefined, refused: ({ code }) => told.push(code) },
      );
      const port = ${a.slice(a.lastIndexOf(':') + 1)};
      const attempt = () => new Promise((resolve) => {
        const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1'));
        socket.resume();
        socket.on('error', (error) => resolve(error.code));
        socket.on('close', () => resolve('closed'));
      });
      await attempt();
      const held = [];
      try { for (;;) held.push(openSync('/dev/null')); } catch (error) { console.log(error.code); }
      // Room for the dialling end, none for the accepting one.
      closeSync(held.pop());
      await attempt();
      for (const file of held) closeSync(file);
      await attempt();
      console.log(errors.length > 0 ? errors[0] : 'none', 'PROTOCOL' === told[0]);`;
    const { code, printed } = await run(script, 'ulimit -n 256');
    expect(code).toBe(0);
    expect(printed.split('\n')[0]).toBe('EMFILE');
    expect(printed.split('\n')[1]).toMatch(/^(EMFILE|none) true$/);
    expect(b).toBeDefined();
  });
});

describe('a Unix socket', () => {
  it('that a dead process left behind is replaced, and any other file is not', async () => {
    const { a, b } = socketsFor('a', 'b');
    const script = `
      import { createServer } from 'node:net';
      createServer().listen(${JSON.stringify(a)}, () => process.kill(process.pid, 'SIGKILL'));`;
    await run(script);
    expect(existsSync(a)).toBe(true);
    const member = await start({ member: 'a', members: { a } });
    await member.transport.close();
    expect(existsSync(a)).toBe(false);
    writeFileSync(b, 'precious');
    await expect(start({ member: 'b', members: { b } })).rejects.toMatchObject({ code: 'BAD_ARGUMENTS' });
    expect(existsSync(b)).toBe(true);
  });
});
