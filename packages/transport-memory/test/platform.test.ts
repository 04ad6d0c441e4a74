import { afterEach, expect, it, vi } from 'vitest';
import { platformChecksum, turnScheduler } from '../src/platform.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

for (const missing of [[], ['setImmediate'], ['setImmediate', 'MessageChannel']]) {
  it(`a turn runs once for each time it is asked for, never at once, without [${missing.join()}]`, async () => {
    for (const name of missing) vi.stubGlobal(name, undefined);
    let ranCount = 0;
    let resume = (): void => undefined;
    const schedule = turnScheduler(() => {
      ranCount += 1;
      resume();
    });
    for (const expected of [1, 2]) {
      const ran = new Promise<void>((resolve) => {
        resume = resolve;
      });
      schedule();
      expect(ranCount).toBe(expected - 1);
      await ran;
      expect(ranCount).toBe(expected);
    }
  });
}

it('there is no checksum where there is no zlib', () => {
  for (const process of [
    undefined,
    {},
    { getBuiltinModule: () => undefined },
    { getBuiltinModule: () => ({}) },
  ]) {
    vi.stubGlobal('process', process);
    expect(platformChecksum()).toBeUndefined();
  }
});
