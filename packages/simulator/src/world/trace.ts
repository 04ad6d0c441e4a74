/**
 * What happened, as a rolling hash and, if somebody listens, as lines to read. Two runs of one seed are the same
 * run if and only if their hashes are equal: everything that reaches a process goes through here, with the time
 * and its content.
 */

/** What can happen in a world. The order is part of the hash: new kinds go to the end. */
const traceKinds = [
  'timer',
  'after-input',
  'frame',
  'connected',
  'disconnected',
  'written',
  'read',
  'start',
  'crash',
  'wipe',
  'pause',
  'resume',
  'stall',
  'sleep',
  'clock',
  'network',
  'disk',
  'exit',
  'log',
  'files',
  'session',
] as const;

/** What can happen in a world. */
export type TraceKind = (typeof traceKinds)[number];

/** One line of a trace. */
export interface TraceLine {
  /** Milliseconds since the world began. */
  readonly atMs: number;
  readonly kind: TraceKind;
  /** The host that it happened to; undefined: to the world. */
  readonly host: string | undefined;
  readonly text: string;
}

const codes: Readonly<Record<string, number>> = Object.fromEntries(
  traceKinds.map((kind, at) => [kind, at + 1]),
);

export class Trace {
  #low = 0x811c_9dc5;
  #high = 0x1b87_3593;
  #count = 0;
  readonly #tell: ((line: TraceLine) => void) | undefined;

  constructor(tell?: (line: TraceLine) => void) {
    this.#tell = tell;
  }

  /** Whether it is worth making a text. */
  get isRead(): boolean {
    return this.#tell !== undefined;
  }

  /** What has happened so far, counted. */
  get count(): number {
    return this.#count;
  }

  /** 16 hexadecimal digits over everything so far. */
  get hash(): string {
    return hex(this.#high) + hex(this.#low);
  }

  /** `subject`: the host's number, 0 for the world. `payload`: a number for the content. */
  add(kind: TraceKind, subject: number, atUs: number, payload: number): void {
    this.#count += 1;
    const word = Math.imul((codes[kind] ?? 0) ^ (subject << 8), 0xcc9e_2d51) ^ payload;
    // Two lanes: what is equal in one by chance differs in the other.
    this.#low = Math.imul(rotate(this.#low, 13) ^ word ^ atUs, 0x0100_0193);
    this.#high = Math.imul(
      rotate(this.#high, 17) ^ Math.floor(atUs / 0x1_0000_0000) ^ this.#low,
      0x85eb_ca6b,
    );
  }

  tell(line: TraceLine): void {
    this.#tell?.(line);
  }
}

/** A number for bytes: 32-bit FNV-1a (Fowler, Noll and Vo). */
export function digestOfBytes(bytes: Uint8Array): number {
  let digest = 0x811c_9dc5;
  for (const byte of bytes) digest = Math.imul(digest ^ byte, 0x0100_0193);
  return digest;
}

/** A number for a text. */
export function digestOfText(text: string): number {
  let digest = 0x811c_9dc5;
  for (let at = 0; at < text.length; at += 1) digest = Math.imul(digest ^ text.charCodeAt(at), 0x0100_0193);
  return digest;
}

function rotate(word: number, count: number): number {
  return (word << count) | (word >>> (32 - count));
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}
