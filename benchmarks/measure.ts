/** What every benchmark shares: medians, tables, and a loop that keeps a number of calls in flight. */

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((first, second) => first - second);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

export interface Load {
  /** Calls that wait for an answer at any moment. */
  readonly inFlight: number;
  readonly forMs: number;
}

export interface LoadResult {
  readonly perSecond: number;
  readonly count: number;
  /** Median time of one call, in microseconds, sampled. */
  readonly medianUs: number;
}

/** Keeps `inFlight` calls going; each of them starts its next one when it is answered. */
export async function drive(call: (lane: number) => Promise<unknown>, load: Load): Promise<LoadResult> {
  const startedAt = performance.now();
  const endAt = startedAt + load.forMs;
  const samplesUs: number[] = [];
  let count = 0;
  const lane = async (index: number): Promise<void> => {
    for (let turn = 0; ; turn += 1) {
      // The clock costs more than some of what is measured: one call in eight is timed, and only those look.
      if (turn % 8 !== 0) {
        await call(index);
        count += 1;
        continue;
      }
      const calledAt = performance.now();
      if (calledAt >= endAt) return;
      await call(index);
      count += 1;
      samplesUs.push((performance.now() - calledAt) * 1_000);
    }
  };
  await Promise.all(Array.from({ length: load.inFlight }, (_, index) => lane(index)));
  const elapsedMs = performance.now() - startedAt;
  return { perSecond: (count / elapsedMs) * 1_000, count, medianUs: median(samplesUs) };
}

/** Prints rows under a header, numbers to the right. */
export function printTable(header: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ');
  console.log(line(header));
  console.log(widths.map((width) => '-'.repeat(width)).join('  '));
  for (const row of rows) console.log(line(row));
}

export function thousands(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

export function printMachine(): void {
  console.log(`Node ${process.version}, ${process.platform} ${process.arch}\n`);
}
