/** What is measured in each place: an ensemble of three, and the raw transport with the same bytes and no ensemble. */
import { mainMember, openMain, type Subject } from '../three-peers.ts';
import { startRaw } from './member.ts';
import type { Place } from './places.ts';

/** Three peers; the main member leads, and has the session that writes. */
export async function openEnsemble(place: Place): Promise<Subject> {
  const main = await openMain({ id: mainMember, members: place.members, transport: place.transport });
  return {
    call: (lane) => main.call(lane),
    async close() {
      await main.close();
      await place.close();
    },
  };
}

/**
 * The raw transport: what calls in one turn goes as one frame to both others, with as many bytes as the ensemble
 * needs for as many writes, and is done with the first answer: with the sender that is a majority.
 */
export async function openRaw(place: Place, bytesPerWrite: number): Promise<Subject> {
  const { transport, members } = place;
  const connected = new Set<string>();
  const batches = new Map<number, (() => void)[]>();
  let waiting: (() => void)[] = [];
  let lastBatch = 0;
  const flush = (): void => {
    lastBatch += 1;
    batches.set(lastBatch, waiting);
    const frame = new Uint8Array(Math.max(8, waiting.length * bytesPerWrite));
    new DataView(frame.buffer).setUint32(0, lastBatch);
    waiting = [];
    for (const member of connected) transport.send(member, frame);
  };
  await startRaw(
    { id: mainMember, members, transport },
    {
      frame(_from, bytes) {
        const batch = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
        for (const resolve of batches.get(batch) ?? []) resolve();
        batches.delete(batch);
      },
      connected: (member) => void connected.add(member),
      disconnected: (member) => void connected.delete(member),
    },
  );
  while (connected.size < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  return {
    call: () =>
      new Promise<void>((resolve) => {
        if (waiting.length === 0) queueMicrotask(flush);
        waiting.push(resolve);
      }),
    async close() {
      await transport.close();
      await place.close();
    },
  };
}
