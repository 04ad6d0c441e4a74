/** Finds the code in a page of the documentation. */

export interface Block {
  /** From the root of the checkout. */
  readonly page: string;
  /** Line of the page on which the block's code begins, 1-based. */
  readonly line: number;
  readonly code: string;
  /** What `console.log(...); // text` promises to print, in order. */
  readonly prints: readonly string[];
}

/** The blocks that are fenced as `ts`; other fences (`text`, `sh`) are not meant to run. */
export function blocksOf(page: string, markdown: string): readonly Block[] {
  const blocks: Block[] = [];
  let start = -1;
  const lines = markdown.split('\n');
  for (const [at, line] of lines.entries()) {
    if (start < 0 && line.trimEnd() === '```ts') start = at + 1;
    else if (start >= 0 && line.startsWith('```')) {
      const code = lines.slice(start, at).join('\n');
      blocks.push({ page, line: start + 1, code, prints: printsOf(code) });
      start = -1;
    }
  }
  return blocks;
}

function printsOf(code: string): readonly string[] {
  return code.split('\n').flatMap((line) => {
    const promised = /^\s*console\.log\(.*\);\s*\/\/ (.*)$/.exec(line)?.[1];
    return promised === undefined ? [] : [promised.trim()];
  });
}
