import { createHook } from 'node:async_hooks';
import { expect, it } from 'vitest';
import { openFake, statResult, turn, view } from '../../test/session/fake-link.ts';

/** Counts the promises that `work` makes, synchronously and in its microtasks. */
async function promisesOf(work: () => void): Promise<number> {
  let count = 0;
  const hook = createHook({
    init: (_id, type) => {
      if (type === 'PROMISE') count += 1;
    },
  });
  hook.enable();
  work();
  hook.disable();
  await turn();
  return count;
}

it('a write and a read make one promise each, from the call to the answer', async () => {
  const { link, session } = openFake();
  const called = await promisesOf(() => {
    for (let count = 0; count < 100; count += 1) {
      void session.set('/a', count);
      void session.get('/a');
    }
  });
  expect(called).toBe(200);
  const answered = await promisesOf(() => {
    link.reply(...Array.from({ length: 100 }, () => statResult));
    for (let count = 0; count < 100; count += 1) link.answer(count, { kind: 'znode', znode: view(1) });
  });
  expect(answered).toBe(0);
});
