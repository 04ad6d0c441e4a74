import { describe, expect, test } from 'vitest';
import { create, Driver, remove, set } from './testing/driver.ts';

/** More than are near the processor: a smaller tree is never prepared. */
const znodesCount = 9_000;
const batchLength = 300;

/** Every driver gets the same. */
function fill(drivers: readonly Driver[]): () => void {
  const sessions = drivers.map((driver) => driver.open());
  let acknowledgedThrough = 0;
  const send = (ops: Parameters<Driver['send']>[1]): void => {
    for (const [at, driver] of drivers.entries()) {
      const session = sessions[at];
      if (session !== undefined) driver.send(session, ops, { acknowledgedThrough });
    }
    acknowledgedThrough += ops.length;
  };
  for (let first = 0; first < znodesCount; first += batchLength) {
    send(Array.from({ length: batchLength }, (_, at) => create(`/n${first + at}`, at)));
  }
  let round = 0;
  return () => {
    round += 1;
    const places = Array.from({ length: batchLength }, (_, at) => (at * 29 + round * 17) % znodesCount);
    send([
      ...places.map((place) => set(`/n${place}`, round)),
      create(`/of-${round}`),
      ...(round > 3 ? [remove(`/of-${round - 3}`)] : []),
    ]);
  };
}

describe('the digest', () => {
  test('is the same however much of it was prepared, and when', () => {
    const plain = new Driver();
    const prepared = new Driver();
    const write = fill([plain, prepared]);
    for (let digests = 0; digests < 4; digests += 1) {
      for (let round = 1; round <= 6; round += 1) {
        write();
        for (let call = 0; call < (digests + round) % 5; call += 1) prepared.machine.prepareDigest();
      }
      expect(prepared.machine.digest()).toBe(plain.machine.digest());
    }
    prepared.machine.validate();
    expect(prepared.machine.digest()).toBe(plain.machine.digest());
  });

  test('is prepared after some calls, when nothing is written in between', () => {
    const driver = new Driver();
    const write = fill([driver]);
    for (let round = 0; round < 8; round += 1) write();
    expect(driver.machine.prepareDigest()).toBe(false);
    let calls = 1;
    while (!driver.machine.prepareDigest()) calls += 1;
    expect(calls).toBeLessThan(8);
  });
});
