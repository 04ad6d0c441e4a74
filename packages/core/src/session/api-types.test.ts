import { expect, expectTypeOf, it } from 'vitest';
import type { Value } from '../codec/value.ts';
import { openFake } from '../../test/session/fake-link.ts';
import type { Draft, DraftValue, OperationResult, Session, WatchBatch, Znode } from './api-types.ts';

interface Config {
  readonly port: number;
  readonly hosts: readonly string[];
  readonly note?: string;
  readonly nested: { readonly bytes: Uint8Array; readonly big: bigint } | null;
}

class Account {
  readonly owner = 'me';
  balance(): number {
    return 0;
  }
}

declare const config: Config;
declare const unknownValue: unknown;
declare const anyValue: Value;

/** Never runs: the compiler is the judge. */
export function storable(session: Session): void {
  void session.set('/a', config);
  void session.set<Config>('/a', { port: 1, hosts: [], nested: null });
  void session.create('/a');
  void session.create('/a', null);
  void session.create('/a', { list: [1, 2n, 'three', null, true, new Uint8Array(1)] });
  void session.set('/a', [1, 'two'] as const);
  void session.set('/a', anyValue);
  void session.set('/a', { list: [anyValue] });
  void session.compareAndSet('/a', 1, 2);
  // @ts-expect-error a value is never undefined
  void session.set('/a', undefined);
  // @ts-expect-error nor has it undefined inside
  void session.set('/a', { x: undefined });
  // @ts-expect-error functions cannot be stored
  void session.set('/a', () => 1);
  // @ts-expect-error nor symbols
  void session.set('/a', Symbol.iterator);
  // @ts-expect-error nor objects with methods
  void session.set('/a', new Account());
  // @ts-expect-error nor dates
  void session.set('/a', { at: new Date(0) });
  // @ts-expect-error nor maps
  void session.set('/a', new Map([['a', 1]]));
  // @ts-expect-error nor sets, deep inside
  void session.create('/a', { list: [{ set: new Set([1]) }] });
  // @ts-expect-error nor promises
  void session.set('/a', Promise.resolve(1));
  // @ts-expect-error what is not known must be checked first
  void session.set('/a', unknownValue);
  // @ts-expect-error an explicit type is binding
  void session.set<Config>('/a', { port: 'http', hosts: [], nested: null });
}

/** Never runs either. */
export function results(session: Session): void {
  expectTypeOf(session.increment('/a')).toEqualTypeOf<Promise<number>>();
  expectTypeOf(session.increment('/a', 2)).toEqualTypeOf<Promise<number>>();
  expectTypeOf(session.increment('/a', 2n)).toEqualTypeOf<Promise<bigint>>();
  expectTypeOf(session.get('/a')).toEqualTypeOf<Promise<Znode>>();
  expectTypeOf(session.get<Config>('/a')).toEqualTypeOf<Promise<Znode<Config>>>();
  expectTypeOf(session.getMany<Config>(['/a'])).toEqualTypeOf<
    Promise<readonly (Znode<Config> | undefined)[]>
  >();
  expectTypeOf(session.watch<Config>('/a')).toExtend<AsyncIterable<WatchBatch<Config>>>();
  void session.update<Config>('/a', (draft) => {
    draft.port += 1;
    draft.hosts.push('more');
  });
  void session.update<Config>('/a', (draft) => ({ ...draft, port: 1 }));
  void session.update<number>('/a', (count) => count + 1, { initial: 0 });
  void session.update<Value>('/a', (draft) => (Array.isArray(draft) ? [...draft, anyValue] : draft));
  // @ts-expect-error the value of the recipe is the znode's
  void session.update<Config>('/a', () => 'text');
}

it('a draft is the value without readonly', () => {
  expectTypeOf<Draft<Config>>().toEqualTypeOf<{
    port: number;
    hosts: string[];
    note?: string;
    nested: { bytes: Uint8Array; big: bigint } | null;
  }>();
  expectTypeOf<Draft<readonly [1, readonly 'a'[]]>>().toEqualTypeOf<[1, 'a'[]]>();
  expectTypeOf<Draft<number>>().toEqualTypeOf<number>();
  expectTypeOf<Draft<unknown>>().toEqualTypeOf<unknown>();
  expectTypeOf<Draft<Value>>().toEqualTypeOf<DraftValue>();
});

it('a result of multi can be read without asking for its kind', () => {
  expectTypeOf<OperationResult['path']>().toEqualTypeOf<string | undefined>();
  expectTypeOf<OperationResult['value']>().toEqualTypeOf<number | bigint | undefined>();
});

it('a session has every method of its interface', () => {
  const { session } = openFake();
  expectTypeOf(session).toEqualTypeOf<Session>();
  expect(typeof session[Symbol.asyncDispose]).toBe('function');
});
