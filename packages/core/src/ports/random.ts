/** The random port: identities and secrets need good randomness, election time-outs only some. */

export interface Random {
  /** A uniformly distributed unsigned 32-bit integer. */
  u32(): number;
  /** Unpredictable bytes, for secrets and identities. */
  bytes(count: number): Uint8Array;
}
