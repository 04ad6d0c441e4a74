/** A file tells one story: a name in kebab-case, and a length that can be read in one sitting. */
import type { Rule, Violation } from '../source/rule.ts';

const linesMax = 400;

/**
 * Files that were longer when the rule came, with their length. A ratchet: a number may only go down, and a
 * file that has become short enough leaves the list.
 */
const longer: Readonly<Record<string, number>> = {};

export const fileShape: Rule = {
  name: 'file-shape',
  check(checkout) {
    const violations: Violation[] = [];
    for (const { path, text } of checkout.sources) {
      const lineCount = text.trimEnd().split('\n').length;
      const most = longer[path] ?? linesMax;
      if (lineCount > most) {
        const problem = `${lineCount} lines, at most ${most} are readable`;
        violations.push({ path, line: lineCount, problem, instead: 'split it by concern, one story a file' });
      }
      const name = path.split('/src/')[1] ?? '';
      if (!/^([a-z0-9]+(-[a-z0-9]+)*\/)*[a-z0-9]+(-[a-z0-9]+)*\.ts$/.test(name)) {
        const instead = 'name it in kebab-case after the one thing inside';
        violations.push({ path, line: 1, problem: `"${name}" is not kebab-case`, instead });
      }
    }
    return violations;
  },
  bad: [
    {
      files: { 'packages/core/src/raft/a.ts': 'x;\n'.repeat(linesMax + 1) },
      found: [`packages/core/src/raft/a.ts:${linesMax + 1}`],
    },
    {
      files: { 'packages/core/src/raft/readIndex.ts': '' },
      found: ['packages/core/src/raft/readIndex.ts:1'],
    },
    {
      files: { 'packages/core/src/raft/read_index.ts': '' },
      found: ['packages/core/src/raft/read_index.ts:1'],
    },
    { files: { 'packages/core/src/Raft/log.ts': '' }, found: ['packages/core/src/Raft/log.ts:1'] },
  ],
  good: [{ 'packages/core/src/raft/read-index.ts': 'x;\n'.repeat(linesMax) }],
};
