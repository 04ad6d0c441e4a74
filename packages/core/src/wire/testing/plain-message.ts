/** Values of two messages lie in different bytes: what counts is what they are. */
export function plainMessage(message: unknown): unknown {
  return JSON.parse(
    JSON.stringify(message, (_key, part: unknown) => {
      if (part instanceof Uint8Array) return Buffer.from(part).toString('hex');
      if (part === Infinity) return 'infinite';
      if (typeof part === 'object' && part !== null && 'source' in part) {
        const { source, start, end } = part as { source: Uint8Array; start: number; end: number };
        return Buffer.from(source.subarray(start, end)).toString('hex');
      }
      return part;
    }),
  );
}
