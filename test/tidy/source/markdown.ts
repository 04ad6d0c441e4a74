/** Reads tables of the reference: rows whose first cell is a name in backticks. */

export interface Row {
  readonly name: string;
  /** All cells, the name's included, without white space around. */
  readonly cells: readonly string[];
  readonly line: number;
}

export function rowsOf(markdown: string): readonly Row[] {
  const rows: Row[] = [];
  for (const [at, text] of markdown.split('\n').entries()) {
    const name = /^\|\s*`([^`]+)`\s*\|/.exec(text)?.[1];
    if (name === undefined) continue;
    const cells = text
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
    rows.push({ name, cells, line: at + 1 });
  }
  return rows;
}
