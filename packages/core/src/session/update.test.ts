import { describe, expect, it } from 'vitest';
import type { OpError, OpResult } from '../codec/reply.ts';
import { decodeValue } from '../codec/value-decode.ts';
import type { Value } from '../codec/value.ts';
import {
  encoded,
  openFake,
  refused,
  stat,
  statFields,
  turn,
  view,
  type FakeLink,
} from '../../test/session/fake-link.ts';

interface Document {
  count: number;
  readonly tags: readonly string[];
  note?: string;
}

const document: Document = { count: 1, tags: ['a', 'b'] };

function patched(value: unknown, version = 1): OpResult {
  return { kind: 'patched', value: encoded(value), stat: statFields({ version, mzxid: 9 }) };
}

/** Answers the newest read as a replica would. */
async function found(link: FakeLink, value: unknown, mzxid = 5): Promise<void> {
  await turn();
  const frozen = decodeValue(encoded(value)).value;
  link.answer(-1, { kind: 'znode', znode: view(frozen, { mzxid }) });
  await turn();
}

async function missing(link: FakeLink): Promise<void> {
  await turn();
  link.answer(-1, { kind: 'znode', znode: undefined });
  await turn();
}

/** The patch that was sent last. */
function lastPatch(link: FakeLink): { readonly path: string; readonly mzxid: number; readonly value: Value } {
  const op = link.ops().at(-1);
  if (op?.kind !== 'patch') throw new TypeError(`a patch was expected, not ${op?.kind}`);
  return { path: op.path, mzxid: op.mzxid, value: decodeValue(op.patches).value };
}

/** Patches of different places commute, and immer promises no order of them. */
function inOrder(patches: Value): readonly Value[] {
  return (patches as readonly Value[]).toSorted((a, b) => (String(a) < String(b) ? -1 : 1));
}

async function answer(link: FakeLink, result: OpResult | OpError): Promise<void> {
  link.reply(result);
  await turn();
}

describe('update', () => {
  it('sends what the recipe changed, on condition of the mzxid, and answers the new znode, frozen', async () => {
    const { link, session } = openFake();
    const call = session.update<Document>('/a', (draft) => {
      draft.count += 1;
      draft.tags.push('c');
      draft.note = 'new';
    });
    expect(link.reads[0]?.asked).toMatchObject({
      query: { kind: 'get', path: '/a' },
      consistency: 'session',
    });
    await found(link, document);
    expect(lastPatch(link)).toMatchObject({ path: '/a', mzxid: 5 });
    expect(inOrder(lastPatch(link).value)).toEqual([
      ['add', ['note'], 'new'],
      ['add', ['tags', 2], 'c'],
      ['replace', ['count'], 2],
    ]);
    const next = { count: 2, note: 'new', tags: ['a', 'b', 'c'] };
    await answer(link, patched(next));
    const znode = await call;
    expect(znode).toEqual({ value: next, stat: stat({ version: 1, mzxid: 9 }) });
    expect(Object.isFrozen(znode) && Object.isFrozen(znode.value)).toBe(true);
  });

  it('reads at the call: it has its place in the order of the session', async () => {
    const { link, session } = openFake();
    void session.set('/a', 1);
    void session.update<number>('/a', (count) => count + 1);
    void session.get('/b');
    expect(link.log).toEqual(['submit 1+1', 'read get after 1', 'read get after 1']);
  });

  it('sends removals without a value', async () => {
    const { link, session } = openFake();
    void session.update<Document>('/a', (draft) => {
      draft.tags.pop();
      delete draft.note;
    });
    await found(link, { ...document, note: 'old' });
    expect(inOrder(lastPatch(link).value)).toEqual([
      ['remove', ['note']],
      ['remove', ['tags', 1]],
    ]);
  });

  it('changes nothing and writes nothing when the recipe does not', async () => {
    const { link, session } = openFake();
    const recipes: ((draft: Document) => Document | undefined)[] = [
      () => undefined,
      (draft) => draft,
      () => ({ ...document }),
      (draft) => {
        draft.count += 0;
        return undefined;
      },
    ];
    for (const recipe of recipes) {
      const call = session.update<Document>('/a', recipe);
      await found(link, document);
      expect(await call).toEqual({ value: document, stat: stat({ mzxid: 5 }) });
    }
    expect(link.submitted).toEqual([]);
  });

  it('replaces the whole value when the recipe returns another one', async () => {
    const { link, session } = openFake();
    void session.update<Document>('/a', () => ({ count: 9, tags: [] }));
    await found(link, document);
    expect(lastPatch(link).value).toEqual([['replace', [], { count: 9, tags: [] }]]);
  });

  it.each([
    { before: 1, after: 2 },
    { before: 'a', after: 'b' },
    { before: null, after: { a: 1 } },
    { before: true, after: false },
    { before: 5n, after: 6n },
    { before: { a: 1 }, after: null },
    { before: [1], after: 0 },
  ])('replaces $before by $after', async ({ before, after }) => {
    const { link, session } = openFake();
    void session.update<Value>('/a', () => after);
    await found(link, before);
    expect(lastPatch(link).value).toEqual([['replace', [], after]]);
  });

  it('lets a byte array that is the whole value be edited in place', async () => {
    const { link, session } = openFake();
    void session.update<Uint8Array>('/a', (bytes) => {
      bytes[0] = 9;
    });
    await found(link, Uint8Array.of(1, 2));
    expect(lastPatch(link).value).toEqual([['replace', [], Uint8Array.of(9, 2)]]);
  });

  it('runs again on the newer value after a conflict, until it succeeds', async () => {
    const { link, session } = openFake();
    let runs = 0;
    const call = session.update<Document>('/a', (draft) => {
      runs += 1;
      draft.count += 1;
    });
    for (const [count, code] of [
      [1, 'BAD_VERSION'],
      [2, 'BAD_VERSION'],
      [3, 'NO_NODE'],
    ] as const) {
      await found(link, { ...document, count }, count);
      await answer(link, refused(code));
    }
    await found(link, { ...document, count: 7 }, 8);
    expect(lastPatch(link)).toMatchObject({ mzxid: 8, value: [['replace', ['count'], 8]] });
    await answer(link, patched({ ...document, count: 8 }));
    expect((await call).value.count).toBe(8);
    expect(runs).toBe(4);
  });

  it('stops at the deadline of the whole call', async () => {
    const { link, session } = openFake();
    const call = session.update<number>('/a', (count) => count + 1, { deadlineMs: 100 });
    await found(link, 1);
    link.pass(60);
    await answer(link, refused('BAD_VERSION'));
    link.pass(40);
    await expect(call).rejects.toMatchObject({ code: 'OPERATION_TIMEOUT', details: { deadlineMs: 100 } });
  });

  it('does not write any more once its signal is aborted', async () => {
    const { link, session } = openFake();
    const controller = new AbortController();
    const call = session.update<number>(
      '/a',
      (count) => {
        controller.abort('enough');
        return count + 1;
      },
      { signal: controller.signal },
    );
    await found(link, 1);
    await expect(call).rejects.toBe('enough');
    expect(link.submitted).toEqual([]);
  });

  it('does not write any more once the session is over', async () => {
    const { link, session } = openFake();
    const call = session.update<number>('/a', (count) => count + 1);
    link.answer(0, { kind: 'znode', znode: view(1) });
    link.events.ended('SESSION_EXPIRED');
    await expect(call).rejects.toMatchObject({ code: 'SESSION_EXPIRED', outcome: 'not-applied' });
  });

  it('rejects with other refusals as they are', async () => {
    const { link, session } = openFake();
    const call = session.update<number>('/a', (count) => count + 1);
    await found(link, 1);
    await answer(link, refused('PATCH_FAILED', { path: '/a' }));
    await expect(call).rejects.toMatchObject({ code: 'PATCH_FAILED' });
  });
});

describe('update of a missing znode', () => {
  it('asks the ensemble before it believes that, then is NO_NODE', async () => {
    const { link, session } = openFake();
    const call = session.update<number>('/a', (count) => count + 1);
    await missing(link);
    expect(link.reads.at(-1)?.asked.consistency).toBe('linearizable');
    await missing(link);
    await expect(call).rejects.toMatchObject({ code: 'NO_NODE', details: { path: '/a' } });
    expect(link.submitted).toEqual([]);
  });

  it('goes on with what the ensemble has', async () => {
    const { link, session } = openFake();
    void session.update<number>('/a', (count) => count + 1);
    await missing(link);
    await found(link, 4, 6);
    expect(lastPatch(link)).toMatchObject({ mzxid: 6, value: [['replace', [], 5]] });
  });

  it('starts from `initial`, which stays as it was, on condition that the znode is still missing', async () => {
    const { link, session } = openFake();
    const initial = { list: [1] };
    const call = session.update<{ list: number[] }>('/a', (draft) => void draft.list.push(2), { initial });
    await missing(link);
    await missing(link);
    expect(lastPatch(link)).toEqual({ path: '/a', mzxid: 0, value: { list: [1, 2] } });
    expect(initial).toEqual({ list: [1] });
    expect(Object.isFrozen(initial)).toBe(false);
    await answer(link, patched({ list: [1, 2] }, 0));
    expect((await call).value).toEqual({ list: [1, 2] });
  });

  it('creates `initial` itself when the recipe changes nothing', async () => {
    const { link, session } = openFake();
    void session.update<number>('/a', () => undefined, { initial: 0 });
    await missing(link);
    await missing(link);
    expect(lastPatch(link)).toMatchObject({ mzxid: 0, value: 0 });
  });

  it('runs again when somebody created it first', async () => {
    const { link, session } = openFake();
    void session.update<number>('/a', (count) => count + 1, { initial: 0 });
    await missing(link);
    await missing(link);
    await answer(link, refused('NODE_EXISTS', { path: '/a' }));
    await found(link, 10, 11);
    expect(lastPatch(link)).toMatchObject({ mzxid: 11, value: [['replace', [], 11]] });
  });

  it('is NO_NODE when its parent is missing: trying again would not help', async () => {
    const { link, session } = openFake();
    const call = session.update<number>('/p/a', (count) => count + 1, { initial: 0 });
    await missing(link);
    await missing(link);
    await answer(link, refused('NO_NODE', { path: '/p' }));
    await expect(call).rejects.toMatchObject({ code: 'NO_NODE', details: { path: '/p' } });
  });
});

describe('a recipe', () => {
  it('that throws rejects the call with what it threw', async () => {
    const { link, session } = openFake();
    const thrown = new RangeError('mine');
    for (const value of [document, 1]) {
      const call = session.update('/a', () => {
        throw thrown;
      });
      await found(link, value);
      await expect(call).rejects.toBe(thrown);
    }
  });

  it('that is asynchronous is BAD_ARGUMENTS, and its own failure disturbs nobody', async () => {
    const { link, session } = openFake();
    for (const value of [document, 1]) {
      const recipe = async (): Promise<void> => {
        await Promise.resolve();
        throw new RangeError('later');
      };
      const call = session.update('/a', recipe as unknown as () => undefined);
      await found(link, value);
      await expect(call).rejects.toMatchObject({ code: 'BAD_ARGUMENTS', details: { argument: 'recipe' } });
    }
    expect(link.submitted).toEqual([]);
  });

  it('that changes the draft and returns another value is BAD_ARGUMENTS', async () => {
    const { link, session } = openFake();
    const call = session.update<Document>('/a', (draft) => {
      draft.count += 1;
      return { count: 0, tags: [] };
    });
    await found(link, document);
    await expect(call).rejects.toMatchObject({ code: 'BAD_ARGUMENTS' });
  });

  it.each([
    { name: 'undefined', recipe: (draft: { x: unknown }) => void (draft.x = undefined) },
    { name: 'a function', recipe: (draft: { x: unknown }) => void (draft.x = () => 1) },
    { name: 'a Date', recipe: (draft: { x: unknown }) => void (draft.x = new Date(0)) },
    { name: 'a Map', recipe: () => new Map() },
  ])('that puts $name into the value is BAD_ARGUMENTS', async ({ recipe }) => {
    const { link, session } = openFake();
    const call = session.update('/a', recipe as unknown as (draft: unknown) => undefined);
    await found(link, { x: 1 });
    await expect(call).rejects.toMatchObject({ code: 'BAD_ARGUMENTS' });
  });

  it('gets back what it put in as it was, not frozen', async () => {
    const { link, session } = openFake();
    const mine = { deep: { list: [1] } };
    void session.update<{ x: unknown }>('/a', (draft) => void (draft.x = mine));
    await found(link, { x: 1 });
    expect(Object.isFrozen(mine) || Object.isFrozen(mine.deep) || Object.isFrozen(mine.deep.list)).toBe(
      false,
    );
  });

  it('that is no function, or a bad initial value, fails before anything is sent', async () => {
    const { link, session } = openFake();
    const bad = [
      session.update('/a', 7 as unknown as () => undefined),
      session.update('/a', () => undefined, { initial: (() => 1) as unknown as never }),
      session.update('a', () => undefined),
      session.update('/a', () => undefined, { acknowledge: 'some' as 'all' }),
    ];
    for (const call of bad) await expect(call).rejects.toMatchObject({ code: 'BAD_ARGUMENTS' });
    expect(link.log).toEqual([]);
  });
});
