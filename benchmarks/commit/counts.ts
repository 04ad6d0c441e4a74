/**
 * What one write costs in things that can be counted: bytes, messages, encodings, timers, promises. Counted in
 * runs of their own, because counting slows down what it counts.
 */
import { createHook } from 'node:async_hooks';
import type { Session } from '@quorate/core';
import { memoryNetwork } from '@quorate/transport-memory';
import { openEnsemble } from './ensemble.ts';

export interface Counts {
  readonly inFlight: number;
  readonly framesPerWrite: number;
  readonly frameBytesPerWrite: number;
  readonly encodingsPerValue: number;
  readonly timersPerWrite: number;
  readonly immediatesPerWrite: number;
  readonly promisesPerWrite: number;
}

const rounds = 40;

export async function countPerWrite(inFlight: number): Promise<Counts> {
  let frames = 0;
  let frameBytes = 0;
  const network = memoryNetwork({
    faults: ({ bytes }) => {
      frames += 1;
      frameBytes += bytes.length;
      return 'deliver';
    },
  });
  const ensemble = await openEnsemble('leader', network);
  try {
    const { session } = ensemble;
    await session.create('/counted', null);
    await writeRounds(session, inFlight);
    frames = 0;
    frameBytes = 0;
    const created = await countAsyncResources(() => writeRounds(session, inFlight));
    const writes = rounds * inFlight;
    return {
      inFlight,
      framesPerWrite: frames / writes,
      frameBytesPerWrite: frameBytes / writes,
      encodingsPerValue: await countEncodings(session),
      timersPerWrite: (created.get('Timeout') ?? 0) / writes,
      immediatesPerWrite: (created.get('Immediate') ?? 0) / writes,
      // One of them is this loop's own Promise.all for each round.
      promisesPerWrite: ((created.get('PROMISE') ?? 0) - rounds) / writes,
    };
  } finally {
    await ensemble.close();
  }
}

async function writeRounds(session: Session, inFlight: number): Promise<void> {
  const value = new Uint8Array(100);
  const writes: Promise<unknown>[] = [];
  for (let round = 0; round < rounds; round += 1) {
    for (let index = 0; index < inFlight; index += 1) writes[index] = session.set('/counted', value);
    await Promise.all(writes);
  }
}

async function countAsyncResources(work: () => Promise<void>): Promise<ReadonlyMap<string, number>> {
  const created = new Map<string, number>();
  const hook = createHook({
    init: (_id, type) => {
      created.set(type, (created.get(type) ?? 0) + 1);
    },
  });
  hook.enable();
  await work();
  hook.disable();
  return created;
}

/** A value that notices how often it is read: an encoder has to list its keys. */
async function countEncodings(session: Session): Promise<number> {
  let listings = 0;
  const value = new Proxy(
    { text: 'x'.repeat(100) },
    {
      ownKeys: (target) => {
        listings += 1;
        return Reflect.ownKeys(target);
      },
    },
  );
  const writes = 100;
  await Promise.all(Array.from({ length: writes }, () => session.set('/counted', value)));
  return listings / writes;
}
