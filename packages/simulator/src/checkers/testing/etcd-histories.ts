/**
 * Register histories that Jepsen recorded against etcd, with their verdicts. They are not part of this project:
 * QUORATE_ETCD_HISTORIES names their folder; otherwise it is looked for next to the checkout.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { RegisterInput, RegisterOutput } from '../linearizability/register-model.ts';
import type { TimedOperation } from '../linearizability/sequential-model.ts';

export type RegisterOperation = TimedOperation<RegisterInput, RegisterOutput>;

export interface RecordedRegister {
  readonly file: string;
  readonly isLinearizable: boolean;
  readonly history: readonly RegisterOperation[];
}

/** Undefined: the folder is missing. */
export function etcdHistoriesFolder(): string | undefined {
  const named = process.env['QUORATE_ETCD_HISTORIES'];
  if (named !== undefined) return named;
  const beside = fileURLToPath(
    new URL('../../../../../../shared/data/etcd-register-histories', import.meta.url),
  );
  return existsSync(beside) ? beside : undefined;
}

export function readEtcdHistories(folder: string): readonly RecordedRegister[] {
  const [, ...rows] = readFileSync(`${folder}/verdicts.tsv`, 'utf8').trim().split('\n');
  const verdicts = new Map(rows.map((row) => row.trim().split('\t') as [string, string]));
  const files = readdirSync(folder).filter((file) => file.endsWith('.log'));
  return files.sort().map((file) => {
    const verdict = verdicts.get(file);
    if (verdict !== 'true' && verdict !== 'false') throw new TypeError(`${file} has no verdict`);
    const history = parseHistory(readFileSync(`${folder}/${file}`, 'utf8'));
    return { file, isLinearizable: verdict === 'true', history };
  });
}

const eventLine = /(\d+)\s+:(invoke|ok|fail|info)\s+:(read|write|cas)\s+(.*)$/;

/** A process calls one operation at a time, so its next event ends the one that it began. */
export function parseHistory(text: string): readonly RegisterOperation[] {
  const operations: RegisterOperation[] = [];
  const under = new Map<string, RegisterOperation>();
  for (const [position, line] of text.split('\n').entries()) {
    const [, process = '', type, name, value = ''] = eventLine.exec(line) ?? [];
    if (type === undefined) continue;
    if (type === 'invoke') {
      const input = readInput(name, value.trim());
      const operation = {
        id: position,
        client: process,
        input,
        output: undefined,
        calledAt: position,
        returnedAt: Infinity,
      };
      under.set(process, operation);
      continue;
    }
    const begun = under.get(process);
    if (begun === undefined) throw new TypeError(`line ${position + 1} ends what was not begun`);
    under.delete(process);
    const output = readOutput(type, begun.input, value.trim());
    if (output !== 'no effect') operations.push({ ...begun, output, returnedAt: position });
  }
  return [...operations, ...under.values()];
}

function readInput(name: string | undefined, value: string): RegisterInput {
  if (name === 'read') return { kind: 'read' };
  if (name === 'write') return { kind: 'write', value };
  const [expected = '', next = ''] = value.replace(/[[\]]/g, '').split(' ');
  return { kind: 'compare-and-swap', expected, value: next };
}

function readOutput(
  type: string,
  input: RegisterInput,
  value: string,
): RegisterOutput | 'no effect' | undefined {
  if (input.kind === 'read') {
    if (type !== 'ok') return 'no effect';
    return { kind: 'value', value: value === 'nil' ? null : value };
  }
  if (type === 'info') return undefined;
  if (input.kind === 'write') return type === 'ok' ? { kind: 'done' } : 'no effect';
  // A comparison that failed was made: it says that the value was another one.
  return { kind: 'swapped', swapped: type === 'ok' };
}
