import { describe, expect, it } from 'vitest';
import type { Value } from '../codec/value.ts';
import type { Session } from './api-types.ts';
import { op } from './op.ts';

interface Address {
  street: string;
  numbers?: number[];
  photo: Uint8Array | string;
}

/** Compiles or does not: never called. */
export function uses(session: Session): void {
  const union = 'x' as string | Uint8Array;
  const literal = 'a' as 'a' | 'b' | 7;
  const value = null as Value;
  const address: Address = { street: '', photo: '' };
  void session.create('/', union);
  void session.create('/', literal);
  void session.create('/', value);
  void session.create('/', address);
  void session.create('/', [address] as readonly Address[]);
  void session.create('/', null as { x: number } | null);
  void session.create('/');
  void session.set('/', { a: [1, { b: 2n }] });
  void session.set('/', [1, 'a', null]);
  void session.compareAndSet('/', 1, 2);
  void session.compareAndSet('/', 'a', 'b');
  void session.compareAndSet('/', null, 'x');
  void session.compareAndSet('/', { n: 1 }, { n: 2, m: 3 });
  void session.compareAndSwap('/', union, union);
  op.set('/', union);
  // @ts-expect-error a function is no value
  void session.set('/', () => 1);
  // @ts-expect-error nor is undefined
  void session.set('/', undefined);
  // @ts-expect-error nor a Map
  void session.set('/', new Map());
  // @ts-expect-error nor anything with a function in it
  void session.set('/', { a: () => 1 });
  // @ts-expect-error nor an array of dates
  void session.set('/', [new Date()]);
  // @ts-expect-error nor a union with something that is none
  void session.set('/', Symbol('x') as number | symbol);
}

describe('storable values', () => {
  it('unions, interfaces and Value itself compile; functions, Maps, dates and symbols do not', () => {
    // The compiler is the test: this file is part of `npm run check`.
    expect(typeof uses).toBe('function');
  });
});
