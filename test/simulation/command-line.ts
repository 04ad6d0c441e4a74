/** What the commands of this folder share: reading a command line, and saying what would be right if it is wrong. */

/** What `read` makes of the command line. Where that fails, or help is asked for, the process ends with the usage. */
export function commandLine<T>(usage: string, read: () => T): T {
  if (process.argv.slice(2).some((word) => word === '--help' || word === '-h')) {
    console.log(usage);
    process.exit(0);
  }
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    console.error(`${error.message}\n\n${usage}`);
    process.exit(2);
  }
}

/** An integer above 0. */
export function countOf(option: string, text: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count >= 1) return count;
  throw new RangeError(`${option} ${text}: not an integer above 0`);
}

/** A seed: an integer of 64 bits, decimal or with 0x. */
export function seedOf(option: string, text: string): bigint {
  if (!/^(0x[0-9a-f]+|[0-9]+)$/i.test(text)) throw new RangeError(`${option} ${text}: not a seed`);
  return BigInt(text);
}
