/** The value of the root and of parents that nobody gave a value: null. */
import { sourceOf } from '../codec/value-source.ts';
import type { ValueSource } from '../codec/value.ts';

/** A fresh encoded null: MessagePack's nil. */
export function nullValue(): ValueSource {
  return sourceOf(Uint8Array.of(0xc0));
}
