/** A peer in a process of its own that always has one write under way, and tells when the first of each term is acknowledged. */
import { join } from 'node:path';
import { openPeer } from '@quorate/core';
import { fileStorage } from '@quorate/storage-file';
import { tcpTransport } from '@quorate/transport-tcp';
import { median } from '../measure.ts';

/** The first write that is acknowledged in a term. */
export interface FirstWrite {
  readonly id: string;
  readonly term: number;
  readonly leader: string;
  /** Nanoseconds of the clock that all processes share, as text. */
  readonly at: string;
  /** Of the writes in the term before; undefined if there were none. */
  readonly medianMs: number | undefined;
}

/** Between two writes: the disk is not to be busy with them. */
const pauseMs = 2;

const [id = 'a', members = '{}', folder = '.'] = process.argv.slice(2);
const peer = await openPeer({
  id,
  members: JSON.parse(members) as Record<string, string>,
  transport: tcpTransport({ insecure: true }),
  storage: fileStorage({ directory: join(folder, id) }),
});
process.once('disconnect', () => process.exit(0));
await peer.ready({ deadlineMs: 60_000 });
const session = await peer.openSession({ timeoutMs: 60_000 });
await session.create(`/${id}`, 0, { ifAbsent: true });
let term = 0;
let samplesMs: number[] = [];
for (let value = 0; ; value += 1) {
  const calledAtMs = performance.now();
  await session.set(`/${id}`, value);
  const at = `${process.hrtime.bigint()}`;
  if (peer.term > term) {
    term = peer.term;
    const medianMs = samplesMs.length === 0 ? undefined : median(samplesMs);
    const told: FirstWrite = { id, term, leader: peer.leader ?? '', at, medianMs };
    process.send?.(told, undefined, undefined, () => undefined);
    samplesMs = [];
  } else samplesMs.push(performance.now() - calledAtMs);
  await new Promise((resolve) => {
    setTimeout(resolve, pauseMs);
  });
}
