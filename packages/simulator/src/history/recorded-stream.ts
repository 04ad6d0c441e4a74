/** A stream of a watch that hands on what it gets and writes it down, with absolute paths. */
import { CoordinationError, type WatchBatch, type WatchStream } from '@quorate/core';
import type { History, OpenWatch } from './history.ts';

interface RecordedStreamOptions<T> {
  readonly stream: WatchStream<T>;
  readonly record: OpenWatch;
  readonly history: History;
  readonly absolute: (path: string) => string;
}

export function recordStream<T>(options: RecordedStreamOptions<T>): WatchStream<T> {
  const { stream } = options;
  return {
    close: () => {
      end(options, 'closed');
      stream.close();
    },
    [Symbol.asyncDispose]: () => {
      end(options, 'closed');
      return stream[Symbol.asyncDispose]();
    },
    [Symbol.asyncIterator]: () => recordedIterator(options, stream[Symbol.asyncIterator]()),
  };
}

function recordedIterator<T>(
  options: RecordedStreamOptions<T>,
  iterator: AsyncIterator<WatchBatch<T>>,
): AsyncIterator<WatchBatch<T>, undefined> {
  return {
    next: () =>
      iterator.next().then(
        (result) => {
          if (result.done === true) {
            end(options, 'closed');
            return { done: true, value: undefined };
          }
          options.record.batches.push(toRecord(options, result.value));
          return { done: false, value: result.value };
        },
        (reason: unknown) => {
          end(options, reason);
          throw reason;
        },
      ),
    return: () => {
      end(options, 'closed');
      void iterator.return?.();
      return Promise.resolve({ done: true, value: undefined });
    },
  };
}

function toRecord<T>(
  { history, absolute }: RecordedStreamOptions<T>,
  batch: WatchBatch<T>,
): OpenWatch['batches'][number] {
  const events = batch.events.map((event) => ({ ...event, path: absolute(event.path) }));
  return { at: history.mark(), batch: { ...batch, events } as WatchBatch };
}

/** The first end counts. */
function end<T>({ record, history }: RecordedStreamOptions<T>, reason: unknown): void {
  if (record.ending.kind !== 'open') return;
  const at = history.mark();
  if (reason === 'closed') record.ending = { kind: 'closed', at };
  else {
    const code = reason instanceof CoordinationError ? reason.code : 'ABORTED';
    record.ending = { kind: 'failed', at, code };
  }
}
