/** A process with sessions of its own and no replica. It works until it is told to stop, and leaves its history in a file. */
import { writeFileSync } from 'node:fs';
import { serialize } from 'node:v8';
import { connect, type Session } from '@quorate/core';
import { History, Recorder, streamOf } from '@quorate/simulator';
import { tcpTransport } from '@quorate/transport-tcp';
import type { ClientSettings, RecordedHistory } from '../processes/messages.ts';
import { sharedPositions } from '../processes/positions.ts';
import { Work } from './work.ts';
import { followCounters } from './watching.ts';

const settings = JSON.parse(process.argv[2] ?? '{}') as ClientSettings;
const { name, peers, seed, sessionsCount, lanesCount, pauseMs } = settings;
const history = new History({
  nowMs: () => performance.now(),
  nextPosition: sharedPositions(settings.positions),
});
const recorder = new Recorder(history);
/** Longer than most faults, shorter than some. */
const timeoutMs = 4_000;
/** A call that could not be answered meanwhile has an unknown outcome. */
const openWithinMs = 5_000;
const told = { stop: false };
const isOver = (session: Session): boolean => told.stop || session.signal.aborted;
const sleep = (delayMs: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, delayMs);
  });

process.once('message', () => {
  told.stop = true;
});
const uses = Array.from({ length: sessionsCount }, (_, index) => useSessions(`${name}-${index}`));
await Promise.all([...uses, useSessions(`${name}-watcher`, true)]);
const recorded: RecordedHistory = {
  operations: history.operations(),
  watches: history.watches(),
  sessions: history.sessions(),
};
writeFileSync(settings.historyFile, serialize(recorded));
process.disconnect();

/** One session after the other, each until it ends. */
async function useSessions(client: string, isWatching = false): Promise<void> {
  const stream = streamOf(BigInt(seed), client);
  const work = new Work(client, stream);
  const seen = { lastZxid: undefined as number | undefined };
  while (!told.stop) {
    const opened = await connect({
      transport: tcpTransport({ insecure: true }),
      peers,
      timeoutMs,
      deadlineMs: openWithinMs,
    }).catch(() => undefined);
    if (opened === undefined) continue;
    const session = recorder.record(opened, { client });
    if (isWatching) await followCounters(session, { seen, stream, sleep, isOver: () => isOver(session) });
    else await Promise.all(Array.from({ length: lanesCount }, () => callOn(session, work, stream)));
    await session.close().catch(() => undefined);
  }
}

async function callOn(
  session: Session,
  work: Work,
  stream: { exponential(mean: number): number },
): Promise<void> {
  while (!isOver(session)) {
    // How a call ended is in the history: the checkers judge it.
    await work.next(session).catch(() => undefined);
    await sleep(stream.exponential(pauseMs));
  }
}
