import { fc } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import { MinHeap } from './min-heap.ts';

test('an empty heap has no minimum, and removing from it does nothing', () => {
  const heap = new MinHeap();
  heap.removeMin();
  expect([heap.min, heap.size]).toEqual([undefined, 0]);
});

test('the minimum is the smallest value that was added and not removed', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer(), { nil: undefined })), (steps) => {
      const heap = new MinHeap();
      const values: number[] = [];
      for (const step of steps) {
        if (step === undefined) {
          heap.removeMin();
          values.shift();
        } else {
          heap.add(step);
          values.push(step);
          values.sort((a, b) => a - b);
        }
        expect([heap.min, heap.size]).toEqual([values[0], values.length]);
      }
    }),
  );
});
