/**
 * The brain is a function of its inputs: any run replays from a list of them. A clock, a random number or a
 * promise inside would end that (docs/internals/brain.md).
 */
import type { Rule, Violation } from '../source/rule.ts';
import type { Token } from '../source/tokens.ts';

const brain: RegExp = /^packages\/core\/src\/(codec|tree|ops|machine|raft|replica|wire)\//;

const time = 'count ticks; times come with the input (wallMs) or the entry';
const luck = 'randomness comes from the random port, handed in as a number';
const later = 'answer with a value in the output; the runtime waits and schedules';
const places = 'compare by UTF-8 bytes; what depends on a locale differs between replicas';
const world = 'put it into the output or a notice; the runtime talks to the world';

/** Global name -> what to do instead. */
const globals: Readonly<Record<string, string>> = {
  Date: time,
  performance: time,
  crypto: luck,
  setTimeout: later,
  setInterval: later,
  setImmediate: later,
  queueMicrotask: later,
  Promise: later,
  async: later,
  await: later,
  Intl: places,
  WeakRef: 'what a collector does must not decide: own it and delete it',
  FinalizationRegistry: 'what a collector does must not decide: own it and delete it',
  process: world,
  console: world,
  globalThis: world,
  fetch: world,
};

/** Where a banned name is right, and why. */
const exceptions: readonly { readonly path: string; readonly names: readonly string[] }[] = [
  // The type of what a znode may hold names what it may not.
  { path: 'packages/core/src/codec/value.ts', names: ['Date', 'Promise'] },
  // TextDecoder is deterministic, but ECMAScript's own types do not know it.
  { path: 'packages/core/src/codec/text.ts', names: ['globalThis'] },
];

/** Member name -> what to do instead. */
const members: readonly { readonly name: RegExp; readonly of?: string; readonly instead: string }[] = [
  { name: /^random$/, of: 'Math', instead: luck },
  { name: /^localeCompare$/, instead: places },
  { name: /^toLocale/, instead: places },
  // Engines may round these differently; replicas on two versions of an engine would then differ.
  {
    name: /^(a?(sin|cos|tan)h?|atan2|exp|expm1|log|log1p|log2|log10|pow|cbrt|hypot)$/,
    of: 'Math',
    instead: 'use integers',
  },
];

function judge(code: readonly Token[], at: number): string | undefined {
  const token = code[at];
  if (token?.kind !== 'word') return undefined;
  const previous = code[at - 1]?.text;
  if (previous === '.') {
    const owner = code[at - 2]?.text;
    return members.find(({ name, of }) => name.test(token.text) && (of === undefined || of === owner))
      ?.instead;
  }
  const next = code[at + 1]?.text;
  const isPropertyName = next === ':' || (next === '?' && code[at + 2]?.text === ':');
  return Object.hasOwn(globals, token.text) && !isPropertyName ? globals[token.text] : undefined;
}

export const pureBrain: Rule = {
  name: 'pure-brain',
  check(checkout) {
    const violations: Violation[] = [];
    for (const { path, code } of checkout.sources) {
      if (!brain.test(path)) continue;
      for (const [at, { text, line }] of code.entries()) {
        const instead = judge(code, at);
        const isException = exceptions.some((row) => row.path === path && row.names.includes(text));
        if (instead === undefined || isException) continue;
        violations.push({ path, line, problem: `the brain may not use ${text}`, instead });
      }
    }
    return violations;
  },
  bad: [
    'const now = Date.now();',
    'const now = performance.now();',
    'const x = Math.random();',
    'const x = crypto.getRandomValues(bytes);',
    'setTimeout(f, 1);',
    'queueMicrotask(f);',
    'let p: Promise<void>;',
    'async function f(): X {}',
    'for await (const x of y) {}',
    'names.sort((a, b) => a.localeCompare(b));',
    'new Intl.Collator();',
    'name.toLocaleLowerCase();',
    'new WeakRef(x);',
    'const id = process.pid;',
    'console.log(1);',
    'const x = Math.log2(3);',
    'const s = `${Date.now()}`;',
    'const y = a / b; Date.now(); // a / b',
  ].map((text) => ({
    files: { 'packages/core/src/raft/a.ts': `// why\n${text}` },
    found: ['packages/core/src/raft/a.ts:2'],
  })),
  good: [
    {
      'packages/core/src/raft/a.ts': `// Date.now() would be wrong, and so would a Promise.
        /* setTimeout */ const text = 'Date.now()' + "await" + \`Promise \${1} Date\`;
        const pattern = /Date'"/.test(text);
        const options = { process: 1, async: true }; options.process; Math.max(1, 2);`,
      'packages/core/src/peer/a.ts': 'const now = Date.now();',
      'packages/core/src/raft/a.test.ts': 'await Promise.resolve();',
    },
  ],
};
