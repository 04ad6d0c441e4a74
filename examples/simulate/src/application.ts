/** The application: adds one to the file again and again, each time under a lock. */
import type { Session } from '@quorate/core';
import type { HostPorts } from '@quorate/simulator';
import type { CounterFile } from './counter-file.ts';

/** Runs for ever in each process; `added` hears of each addition that the file took. */
export async function keepAdding(
  { openPeer, sleep }: HostPorts,
  job: { readonly id: string; readonly members: Record<string, string>; readonly file: CounterFile },
  added: () => void,
): Promise<never> {
  const peer = await openPeer({ id: job.id, members: job.members });
  for (;;) {
    const session = await peer.openSession({ timeoutMs: 1_000 });
    while (!session.signal.aborted) await addOne(session, job.file, { sleep, added }).catch(() => sleep(50));
  }
}

async function addOne(
  session: Session,
  file: CounterFile,
  { sleep, added }: Pick<HostPorts, 'sleep'> & { readonly added: () => void },
): Promise<void> {
  // Whoever makes the ephemeral znode holds the lock; when its session ends, so does the lock.
  const { stat } = await session.create('/lock', null, { kind: 'ephemeral' });
  const token = stat.czxid;
  const value = file.read(token);
  await sleep(100); // some work: long enough to be paused in
  if (value !== undefined && file.write(value + 1, token)) added();
  await session.delete('/lock');
}
