/** Frames that can be told apart: each has a number and bytes that follow from it. */
import { expectSame, expectThat } from '../expectations.ts';

/** Deterministic bytes; frames of different numbers differ in their first four bytes already, if they have them. */
export function frameOf(number: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = (number ^ 0x9e37_79b9) >>> 0;
  for (let at = 0; at < length; at += 1) {
    // A linear congruential step: its high byte looks random enough to notice any shift or loss.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = at < 4 ? (number >>> (8 * at)) & 0xff : state >>> 24;
  }
  return bytes;
}

export function isSame(first: Uint8Array, second: Uint8Array): boolean {
  if (first.length !== second.length) return false;
  for (let at = 0; at < first.length; at += 1) if (first[at] !== second[at]) return false;
  return true;
}

/** Each frame whole, all of them, in order, none twice. */
export function expectFrames(seen: readonly Uint8Array[], expected: readonly Uint8Array[]): void {
  expectSame(seen.length, expected.length, 'as many frames arrive as were sent');
  for (const [at, bytes] of seen.entries()) {
    const sent = expected[at];
    expectThat(sent !== undefined && isSame(bytes, sent), `frame ${at} arrives whole and in its place`, {
      lengthSent: sent?.length,
      lengthSeen: bytes.length,
      firstBytesSent: [...(sent?.subarray(0, 8) ?? [])],
      firstBytesSeen: [...bytes.subarray(0, 8)],
    });
  }
}
