import { describe, expect, it } from 'vitest';
import { counterModel, type CounterInput, type CounterOutput } from './counter-model.ts';
import { checkLinearizable } from './linearizability.ts';
import { registerModel, type RegisterInput, type RegisterOutput } from './register-model.ts';
import type { TimedOperation } from './sequential-model.ts';

type Register = TimedOperation<RegisterInput, RegisterOutput>;
type Counter = TimedOperation<CounterInput, CounterOutput>;

/** `span` is [called, returned]; without a return nobody knows the outcome. */
type Span = readonly [number, number?];

function write(value: string, [calledAt, returnedAt]: Span): Register {
  const output = returnedAt === undefined ? undefined : ({ kind: 'done' } as const);
  return { ...about(calledAt, returnedAt), input: { kind: 'write', value }, output };
}

function read(value: string | null, [calledAt, returnedAt]: Span): Register {
  return { ...about(calledAt, returnedAt), input: { kind: 'read' }, output: { kind: 'value', value } };
}

function swap(expected: string, value: string, [calledAt, returnedAt]: Span, swapped = true): Register {
  const output = returnedAt === undefined ? undefined : ({ kind: 'swapped', swapped } as const);
  return { ...about(calledAt, returnedAt), input: { kind: 'compare-and-swap', expected, value }, output };
}

function add(amount: bigint, [calledAt, returnedAt]: Span, sum = 0n): Counter {
  const output = returnedAt === undefined ? undefined : { sum };
  return { ...about(calledAt, returnedAt), input: { add: amount }, output };
}

function about(
  calledAt: number,
  returnedAt = Infinity,
): Pick<Register, 'id' | 'client' | 'calledAt' | 'returnedAt'> {
  return { id: calledAt, client: `c${calledAt}`, calledAt, returnedAt };
}

function kindOf(...history: readonly Register[]): string {
  return checkLinearizable(registerModel, history).kind;
}

describe('the black-box checker', () => {
  it('accepts what one client does alone', () => {
    expect(kindOf()).toBe('valid');
    expect(kindOf(read(null, [1, 2]), write('a', [3, 4]), read('a', [5, 6]))).toBe('valid');
  });

  it('flags a stale read, and a read of what was never written', () => {
    expect(kindOf(write('a', [1, 2]), write('b', [3, 4]), read('a', [5, 6]))).toBe('violation');
    expect(kindOf(write('a', [1, 2]), read('z', [3, 4]))).toBe('violation');
    expect(kindOf(read('a', [1, 2]), write('a', [3, 4]))).toBe('violation');
  });

  it('lets operations that overlap take effect in any order, but in one', () => {
    const writes = [write('a', [1, 10]), write('b', [2, 9])];
    expect(kindOf(...writes, read('a', [11, 12]))).toBe('valid');
    expect(kindOf(...writes, read('b', [11, 12]))).toBe('valid');
    expect(kindOf(...writes, read('b', [3, 4]), read('a', [5, 6]))).toBe('valid');
    expect(kindOf(...writes, read('a', [11, 12]), read('b', [13, 14]))).toBe('violation');
  });

  it('counts a call at the moment of a return as overlapping', () => {
    expect(kindOf(write('a', [1, 5]), read(null, [5, 6]))).toBe('valid');
  });

  it('lets what nobody answered happen at any time later, once, or never', () => {
    const unknown = write('b', [3]);
    const known = [write('a', [1, 2]), unknown];
    expect(kindOf(...known, read('a', [4, 5]), read('a', [6, 7]))).toBe('valid');
    expect(kindOf(...known, read('a', [4, 5]), read('b', [6, 7]))).toBe('valid');
    expect(kindOf(...known, read('b', [4, 5]), read('a', [6, 7]))).toBe('violation');
    expect(kindOf(read('b', [1, 2]), unknown)).toBe('violation');
  });

  it('takes a comparison at its word', () => {
    expect(kindOf(write('a', [1, 2]), swap('a', 'b', [3, 4]), read('b', [5, 6]))).toBe('valid');
    expect(kindOf(write('a', [1, 2]), swap('x', 'b', [3, 4]))).toBe('violation');
    expect(kindOf(write('a', [1, 2]), swap('a', 'b', [3, 4], false))).toBe('violation');
    expect(kindOf(write('a', [1, 2]), swap('a', 'b', [3]), read('b', [5, 6]), read('b', [7, 8]))).toBe(
      'valid',
    );
  });

  it('tells how far one gets and what fits nowhere', () => {
    const history = [write('a', [1, 2]), write('b', [3, 4]), read('a', [5, 6])];
    expect(checkLinearizable(registerModel, history)).toEqual({
      kind: 'violation',
      rule: 'Linearizable',
      operations: [5],
      explanation: [
        'no order of these 3 operations explains all answers',
        'the longest that can be ordered (2 operations) ends so:',
        '  #1 c1 [1, 2] write(a) -> done   state: =a',
        '  #3 c3 [3, 4] write(b) -> done   state: =b',
        'then none of these can come next:',
        '  #5 c5 [5, 6] read() -> a',
      ].join('\n'),
    });
  });

  it('says so when its bound comes first', () => {
    const writes = Array.from({ length: 40 }, (_, at) => write(String(at), [at]));
    const history = [...writes, read('none of them', [100, 101])];
    expect(checkLinearizable(registerModel, history, { stepsMax: 1_000 }).kind).toBe('unknown');
    expect(checkLinearizable(registerModel, history, { isOutOfTime: () => true }).kind).toBe('unknown');
  });

  it('counts: every answered addition once, every other one at most once', () => {
    const kind = (...history: readonly Counter[]): string => checkLinearizable(counterModel, history).kind;
    expect(kind(add(1n, [1, 4], 3n), add(2n, [2, 3], 2n), add(0n, [5, 6], 3n))).toBe('valid');
    expect(kind(add(1n, [1, 4], 3n), add(2n, [2, 3], 3n))).toBe('violation');
    expect(kind(add(1n, [1]), add(0n, [2, 3], 0n), add(0n, [4, 5], 1n))).toBe('valid');
    expect(kind(add(1n, [1]), add(0n, [2, 3], 2n))).toBe('violation');
  });
});
