import { describe, expect, test } from 'vitest';
import { CoordinationError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { WaitOptions } from '../session/api-types.ts';
import { Calls, type Settle } from './calls.ts';

const retryMs = 100;

class Setup {
  nowMs = 0;
  isReachable = true;
  readonly pending: boolean[] = [];
  attempts: Settle<string>[] = [];
  readonly calls: Calls;

  constructor() {
    const clock: Clock = {
      now: () => this.nowMs,
      wallNow: () => 0,
      every: () => ({ cancel: () => undefined, keepAlive: () => undefined }),
      afterInput: () => undefined,
    };
    this.calls = new Calls({
      clock,
      retryMs,
      isReachable: () => this.isReachable,
      pending: (isPending) => void this.pending.push(isPending),
    });
  }

  run(options?: WaitOptions, outcomeUnknown = true): Promise<string> {
    return this.calls.run<string>({
      options,
      outcomeUnknown,
      attempt: (settle) => void this.attempts.push(settle),
    });
  }

  passTo(nowMs: number): void {
    this.nowMs = nowMs;
    this.calls.tick(nowMs);
  }
}

describe('Calls', () => {
  test('settle with the first answer, and let the process go with the last of them', async () => {
    const setup = new Setup();
    const [first, second] = [setup.run(), setup.run()];
    expect(setup.pending).toEqual([true]);
    setup.attempts[0]?.resolve('one');
    setup.attempts[0]?.resolve('two');
    setup.attempts[0]?.reject(new Error('late'));
    setup.attempts[1]?.reject('any reason');
    await expect(first).resolves.toBe('one');
    await expect(second).rejects.toBe('any reason');
    expect(setup.pending).toEqual([true, false]);
  });

  test('are tried again after a silence, but not while there is nobody to ask', () => {
    const setup = new Setup();
    void setup.run();
    setup.passTo(retryMs - 1);
    expect(setup.attempts).toHaveLength(1);
    setup.passTo(retryMs);
    expect(setup.attempts).toHaveLength(2);
    setup.passTo(2 * retryMs - 1);
    expect(setup.attempts).toHaveLength(2);
    setup.isReachable = false;
    setup.passTo(5 * retryMs);
    expect(setup.attempts).toHaveLength(2);
    setup.calls.retry();
    expect(setup.attempts).toHaveLength(3);
  });

  test.each([
    [true, true, 'OPERATION_TIMEOUT', 'unknown'],
    [true, false, 'OPERATION_TIMEOUT', 'not-applied'],
    [false, true, 'UNAVAILABLE', 'unknown'],
    [false, false, 'UNAVAILABLE', 'not-applied'],
  ])(
    'past the deadline (leader: %s, may have happened: %s) fail with %s, %s',
    async (isReachable, unknown, code, outcome) => {
      const setup = new Setup();
      setup.isReachable = isReachable;
      const call = setup.run({ deadlineMs: 50 }, unknown);
      setup.passTo(49);
      expect(setup.pending).toEqual([true]);
      setup.passTo(50);
      await expect(call).rejects.toMatchObject({ code, outcome, details: { deadlineMs: 50 } });
      expect(setup.pending).toEqual([true, false]);
    },
  );

  test('have a deadline of ten seconds unless they name one, and none with Infinity', async () => {
    const setup = new Setup();
    setup.isReachable = false;
    const [usual, endless] = [setup.run(), setup.run({ deadlineMs: Infinity })];
    setup.passTo(10_000);
    await expect(usual).rejects.toMatchObject({ details: { deadlineMs: 10_000 } });
    setup.passTo(1e12);
    setup.attempts[1]?.resolve('at last');
    await expect(endless).resolves.toBe('at last');
  });

  test('end with the reason of their signal, and listen to it no longer than they wait', async () => {
    const setup = new Setup();
    const controller = new AbortController();
    const { signal } = controller;
    const [answered, aborted] = [setup.run({ signal }), setup.run({ signal })];
    setup.attempts[0]?.resolve('in time');
    const reason = { any: 'thing' };
    controller.abort(reason);
    await expect(answered).resolves.toBe('in time');
    await expect(aborted).rejects.toBe(reason);
    await expect(setup.run({ signal })).rejects.toBe(reason);
    expect(setup.attempts).toHaveLength(2);
    expect(setup.pending).toEqual([true, false]);
  });

  test.each([{ deadlineMs: 0 }, { deadlineMs: '5' }, { signal: {} }, null, 5])(
    'with options %j are refused before they are tried',
    async (options) => {
      const setup = new Setup();
      await expect(setup.run(options as WaitOptions)).rejects.toMatchObject({ code: 'BAD_ARGUMENTS' });
      expect(setup.attempts).toEqual([]);
      expect(setup.pending).toEqual([]);
    },
  );

  test('end together with the peer: what was under way may have happened, what comes later did not', async () => {
    const setup = new Setup();
    const [unknown, harmless] = [setup.run(), setup.run(undefined, false)];
    const cause = new Error('ENOSPC');
    setup.calls.end(new CoordinationError('STORAGE_FAILED', { cause, outcome: 'unknown' }));
    await expect(unknown).rejects.toMatchObject({ code: 'STORAGE_FAILED', outcome: 'unknown', cause });
    await expect(harmless).rejects.toMatchObject({ code: 'STORAGE_FAILED', outcome: 'not-applied', cause });
    await expect(setup.run()).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      outcome: 'not-applied',
      cause,
    });
    expect(setup.attempts).toHaveLength(2);
    expect(setup.pending).toEqual([true, false]);
  });

  test('that are answered inside of their first attempt do not wait', async () => {
    const setup = new Setup();
    const call = setup.calls.run<string>({
      options: undefined,
      outcomeUnknown: true,
      attempt: ({ resolve }) => resolve('at once'),
    });
    await expect(call).resolves.toBe('at once');
    expect(setup.pending).toEqual([true, false]);
  });
});
