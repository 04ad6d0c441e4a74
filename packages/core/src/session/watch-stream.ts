/**
 * The stream that `watch` answers: options, and the rules of iterating. A watch never throws: whatever is wrong
 * with it, also its arguments, appears in the iteration.
 */
import { CoordinationError } from '../errors.ts';
import type { WatchBatch, WatchOptions, WatchStream } from './api-types.ts';
import { badArgument, choice, optionalInteger, optionalSignal, optionsOf } from './arguments.ts';
import type { Chroot } from './chroot.ts';
import type { SessionCore } from './session-core.ts';
import { WatchFeed, type WatchSettings } from './watch-feed.ts';

/** What a user handed to `watch`. */
export interface AskedWatch {
  readonly path: unknown;
  readonly options: WatchOptions | undefined;
}

/** Registers a watch, in the order of the session's calls. */
export function openWatch(core: SessionCore, chroot: Chroot, asked: AskedWatch): WatchStream {
  try {
    const settings = readSettings(core, chroot, asked);
    core.checkOpen(core.link.now());
    const { watchesPerSessionMax } = core.link.limits;
    if (core.partsCount >= watchesPerSessionMax) {
      throw new CoordinationError('LIMIT_EXCEEDED', {
        details: {
          limit: 'watchesPerSessionMax',
          limitValue: watchesPerSessionMax,
          measured: core.partsCount + 1,
        },
      });
    }
    return new OpenStream(new WatchFeed(core, settings));
  } catch (reason) {
    return new OpenStream(new FailedFeed(reason));
  }
}

function readSettings(core: SessionCore, chroot: Chroot, { path, options }: AskedWatch): WatchSettings {
  const asked: Record<keyof WatchOptions, unknown> | undefined = optionsOf(options);
  const settings: WatchSettings = {
    path: chroot.absolute(path),
    chroot,
    scope: choice(asked?.scope, 'scope', ['node', 'children', 'subtree']),
    from: optionalInteger(asked?.from, 'from', 0),
    overflow: choice(asked?.overflow, 'overflow', ['error', 'resync']),
    queueMax: optionalInteger(asked?.queueMax, 'queueMax', 1) ?? core.link.limits.watchQueueMax,
    signal: optionalSignal(asked?.signal),
  };
  settings.signal?.throwIfAborted();
  return settings;
}

interface Feed {
  next(): Promise<IteratorResult<WatchBatch, undefined>>;
  close(): void;
}

/** A watch that could not begin: says why, once. */
class FailedFeed implements Feed {
  #failure: { readonly reason: unknown } | undefined;

  constructor(reason: unknown) {
    this.#failure = { reason };
  }

  next(): Promise<IteratorResult<WatchBatch, undefined>> {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure === undefined) return Promise.resolve({ done: true, value: undefined });
    return Promise.reject(failure.reason);
  }

  close(): void {
    this.#failure = undefined;
  }
}

class OpenStream implements WatchStream {
  readonly #feed: Feed;
  #isIterated = false;

  constructor(feed: Feed) {
    this.#feed = feed;
  }

  [Symbol.asyncIterator](): AsyncIterator<WatchBatch, undefined> {
    if (this.#isIterated) {
      // Two loops would each get some of the batches.
      const failed = new FailedFeed(badArgument('stream', 'a watch is iterated once; open another one'));
      return { next: () => failed.next() };
    }
    this.#isIterated = true;
    return {
      next: () => this.#feed.next(),
      return: () => {
        this.close();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  close(): void {
    this.#feed.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }
}
