/** The checksum port: CRC-32 (ISO 3309, polynomial 0xEDB88320), as zlib computes it. */

/** CRC-32 of `bytes` as an unsigned 32-bit number, continuing from `seed` (0 to begin). */
export type Checksum = (bytes: Uint8Array, seed?: number) => number;
