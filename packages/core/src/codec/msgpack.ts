/**
 * The only importer of msgpackr. It writes composite values and control messages; what is read back goes
 * through this folder's own strict readers (value-decode.ts, control.ts). Found in msgpackr 2.1.3:
 *
 * - `pack` answers a view of a slab that many results share. It does not write there again, but a small result
 *   kept alive keeps the slab: so results are copied, once, to their exact size.
 * - Integers of up to 32 bits take the smallest form, other numbers float64, -0 becomes 0; a bigint becomes
 *   int64 (0xd3), or uint64 above 2^63-1, which value-encode.ts refuses before; byte arrays become bin;
 *   a Map becomes a map in the order of its insertion; `variableMapSize` gives small maps their small header.
 * - `unpack` aliases byte arrays of its input, adds a property to it, gives `__proto__` another name, reads
 *   extension types, and without its optional native part drops a byte order mark at the start of a longer
 *   text: two replicas would see different values. Hence the readers of our own.
 */
import { Packr } from 'msgpackr';
import { copyRange } from './bytes.ts';

/** Everything that may be handed to {@link Pack}: no object but arrays, maps and byte arrays. */
export type Packable =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly Packable[]
  | ReadonlyMap<string, Packable>;

export interface Pack {
  /** Bytes of their own. */
  copy(value: Packable): Uint8Array;
  /** Bytes to be copied at once: they lie in a slab that many results share. */
  inPlace(value: Packable): Uint8Array;
}

export function createPack(): Pack {
  const packr = new Packr({ useRecords: false, variableMapSize: true, useToJSON: false });
  return {
    copy(value) {
      const packed: Uint8Array = packr.pack(value);
      return copyRange(packed, 0, packed.length);
    },
    inPlace: (value) => packr.pack(value),
  };
}
