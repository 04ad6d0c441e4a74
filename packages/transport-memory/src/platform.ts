/**
 * The few things that this package takes from the platform, each found without an import, so that the same code
 * runs in Node, in workers and in browsers.
 */
import type { Checksum } from '@quorate/core/ports';

interface MessagePortLike {
  addEventListener(event: 'message', listener: () => void): void;
  start(): void;
  postMessage(message: null): void;
}

interface Platform {
  readonly process?: { getBuiltinModule?(name: 'node:zlib'): { readonly crc32?: Checksum } | undefined };
  readonly setImmediate?: (callback: () => void) => unknown;
  readonly MessageChannel?: new () => { readonly port1: MessagePortLike; readonly port2: MessagePortLike };
  setTimeout(callback: () => void, delayMs: number): unknown;
}

const platform = globalThis as unknown as Platform;

/** zlib's CRC-32, several times as fast on large frames as any in JavaScript; undefined where there is none. */
export function platformChecksum(): Checksum | undefined {
  return platform.process?.getBuiltinModule?.('node:zlib')?.crc32;
}

/**
 * A way to run `turn` once in a later turn of the event loop. setImmediate lets input and output go on between
 * two turns; a message to oneself is the same in a browser; a time-out is the last resort.
 */
export function turnScheduler(turn: () => void): () => void {
  const { setImmediate, MessageChannel } = platform;
  if (setImmediate !== undefined) return () => void setImmediate(turn);
  if (MessageChannel === undefined) return () => void platform.setTimeout(turn, 0);
  const { port1, port2 } = new MessageChannel();
  port1.addEventListener('message', turn);
  port1.start();
  return () => port2.postMessage(null);
}
