/**
 * What a peer means for the process that it lives in, seen from outside: real processes that run what is
 * published. They need a build; without one, these tests are skipped.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const built = ['core', 'transport-memory'].map((name) =>
  fileURLToPath(new URL(`../../../packages/${name}/dist/index.js`, import.meta.url)),
);

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly output: string;
  /** Milliseconds from the last line of output to the end. */
  readonly lingeredMs: number;
}

const patienceMs = 15_000;

/** Runs `script` as a module beside this file; it must end by itself. */
function run(script: string): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const preamble = `
      import { connect, openPeer, memoryStorage } from '@quorate/core';
      import { memoryNetwork } from '@quorate/transport-memory';
      const timing = { heartbeatMs: 10, electionTimeoutMs: 80 };
      process.on('uncaughtException', (error) => { console.log('UNCAUGHT', error); process.exitCode = 3; });
      process.on('unhandledRejection', (error) => { console.log('UNHANDLED', error); process.exitCode = 4; });
    `;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', preamble + script], {
      cwd: fileURLToPath(new URL('.', import.meta.url)),
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    let output = '';
    let lastOutputAtMs = performance.now();
    const collect = (chunk: Buffer): void => {
      output += chunk.toString();
      lastOutputAtMs = performance.now();
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    const tooLong = setTimeout(() => child.kill('SIGKILL'), patienceMs);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(tooLong);
      resolve({ code, signal, output, lingeredMs: performance.now() - lastOutputAtMs });
    });
  });
}

/** Shorter than any time-out of a session or deadline in the scripts: nothing was waited for. */
const promptMs = 3_000;

describe.skipIf(!built.every((path) => existsSync(path)))('a process', () => {
  test.concurrent('does not stay alive for an idle peer and its idle session', async () => {
    const ended = await run(`
      const peer = await openPeer({ id: 'a', timing });
      const session = await peer.openSession({ timeoutMs: 60_000 });
      await session.create('/done');
      session.on('state', () => undefined);
      console.log('idle');
    `);
    expect(ended).toMatchObject({ code: 0, signal: null, output: 'idle\n' });
    expect(ended.lingeredMs).toBeLessThan(promptMs);
  });

  test.concurrent('does not stay alive for an idle session without a replica, and does for its calls', async () => {
    const ended = await run(`
      const network = memoryNetwork();
      const peer = await openPeer({ id: 'a', transport: network.transport(), timing });
      const session = await connect({ transport: network.transport(), peers: { a: '' }, timeoutMs: 60_000 });
      session.watch('/');
      session.create('/counter', 0);
      const calls = Array.from({ length: 20 }, () => session.increment('/counter'));
      Promise.all(calls).then((counts) => console.log(counts.at(-1)));
    `);
    expect(ended).toMatchObject({ code: 0, signal: null, output: '20\n' });
    expect(ended.lingeredMs).toBeLessThan(promptMs);
  });

  test.concurrent('stays alive for connect until its deadline, when nobody serves', async () => {
    const ended = await run(`
      const startedAt = performance.now();
      connect({ transport: memoryNetwork().transport(), peers: { a: '' }, deadlineMs: 300 }).catch((error) => {
        console.log(error.code, performance.now() - startedAt >= 299);
      });
    `);
    expect(ended).toMatchObject({ code: 0, output: 'UNAVAILABLE true\n' });
    expect(ended.lingeredMs).toBeLessThan(promptMs);
  });

  test.concurrent('stays alive for a call, until it is answered', async () => {
    const ended = await run(`
      const peer = await openPeer({ id: 'a', timing });
      peer.openSession().then(async (session) => {
        await session.create('/counter', 0);
        for (let count = 0; count < 20; count += 1) await session.increment('/counter');
        console.log(peer.tree.get('/counter').value);
      });
    `);
    expect(ended).toMatchObject({ code: 0, output: '20\n' });
  });

  test.concurrent('stays alive for a call that nobody answers, until its deadline', async () => {
    const ended = await run(`
      const network = memoryNetwork();
      const members = { a: '', b: '', c: '' };
      const peer = await openPeer({ id: 'a', members, transport: network.transport(), timing });
      const startedAt = performance.now();
      const failed = (name) => (error) => console.log(name, error.code, performance.now() - startedAt >= 399);
      peer.ready({ deadlineMs: 400 }).catch(failed('ready'));
      peer.openSession({ deadlineMs: 450 }).catch(failed('openSession'));
    `);
    expect(ended).toMatchObject({
      code: 0,
      output: 'ready UNAVAILABLE true\nopenSession UNAVAILABLE true\n',
    });
    expect(ended.lingeredMs).toBeLessThan(promptMs);
  });

  test.concurrent('stays alive for who waits at a watch, and not for a watch that nobody waits at', async () => {
    const ended = await run(`
      const peer = await openPeer({ id: 'a', timing });
      const session = await peer.openSession({ timeoutMs: 60_000 });
      const left = session.watch('/');
      const watched = session.watch('/');
      setTimeout(() => void session.set('/', 1), 300);
      for await (const { events } of watched) {
        console.log(events[0].value);
        if (events[0].value === 1) break;
      }
    `);
    expect(ended).toMatchObject({ code: 0, output: 'null\n1\n' });
    expect(ended.lingeredMs).toBeLessThan(promptMs);
  });

  test.concurrent.each(['true', 'false'])('ends promptly after close({ graceful: %s })', async (graceful) => {
    const ended = await run(`
      const network = memoryNetwork();
      const members = { a: '', b: '', c: '' };
      const peers = await Promise.all(
        Object.keys(members).map((id) => openPeer({ id, members, transport: network.transport(), timing })),
      );
      await Promise.all(peers.map((peer) => peer.ready()));
      const sessions = await Promise.all(peers.map((peer) => peer.openSession({ timeoutMs: Infinity })));
      await Promise.all(sessions.map((session) => session.create('/e-', null, { kind: 'ephemeral', sequential: true })));
      const pending = sessions.map((session) => session.get('/missing', { deadlineMs: Infinity }).catch(() => undefined));
      for (const session of sessions) session.watch('/');
      await Promise.all(peers.map((peer) => peer.close({ graceful: ${graceful} })));
      await Promise.all(pending);
      // What was under way between the peers has a turn to come; then there must be nothing.
      for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => { setImmediate(resolve); });
      const kinds = process.getActiveResourcesInfo().filter((kind) => !/Pipe|TTY|FSReq|Worker/.test(kind));
      console.log('closed', kinds.join());
    `);
    expect(ended).toMatchObject({ code: 0, output: 'closed \n' });
    expect(ended.lingeredMs).toBeLessThan(promptMs);
  });

  test.concurrent('is left alone by a peer that stops because its storage fails', async () => {
    const ended = await run(`
      const storage = memoryStorage();
      const write = storage.write.bind(storage);
      let isBroken = false;
      storage.write = (batch) => isBroken ? Promise.reject(new Error('ENOSPC')) : write(batch);
      const peer = await openPeer({ id: 'a', timing, storage });
      peer.on('fatal', ({ code }) => console.log('fatal', code));
      const session = await peer.openSession();
      isBroken = true;
      await session.create('/lost').catch(({ code, outcome }) => console.log(code, outcome));
      await session.create('/later').catch(({ code, outcome }) => console.log(code, outcome));
    `);
    expect(ended).toMatchObject({ code: 0, signal: null });
    expect(ended.output.split('\n').toSorted()).toEqual([
      '',
      'STORAGE_FAILED not-applied',
      'STORAGE_FAILED unknown',
      'fatal STORAGE_FAILED',
    ]);
    expect(ended.lingeredMs).toBeLessThan(promptMs);
  });
});
