/**
 * One operation as its client saw it, and, apart from that, where the ensemble says that it took effect. Checkers
 * that trust nobody look at the first part only.
 *
 * Positions are integers in one total order of everything that clients did and saw: operation A came before B in
 * real time exactly if `A.returnedAt < B.calledAt`.
 */
import type { Call, Ending } from './call.ts';

/** See the file's comment. */
export interface OperationRecord {
  /** From 0, in the order of the calls. */
  readonly id: number;
  /** Who called: a worker of a test, a process. */
  readonly client: string;
  /** The session's id, as users see it. */
  readonly session: string;
  /** Member whose peer served it, if the recorder was told. */
  readonly member: string | undefined;
  readonly call: Call;
  readonly calledAt: number;
  /** Infinity while it is pending. */
  readonly returnedAt: number;
  /** On the history's clock; for people, no checker looks at it. */
  readonly calledAtMs: number;
  readonly returnedAtMs: number;
  readonly ending: Ending;
  /** What the ensemble says of it. */
  readonly trace: OperationTrace;
}

/** What a session heard of one operation and does not tell its users. */
export interface OperationTrace {
  /** Number of the write in its session; the log names it. Undefined: a read, or it was never given one. */
  readonly request: number | undefined;
  /** Of the command, or of the state that a read was answered from; undefined without an answer. */
  readonly zxid: number | undefined;
  /** When the answer came; the client hears of it a little later (`returnedAt`). Infinity without an answer. */
  readonly answeredAt: number;
  /** Of `update`: the value that its recipe saw last; undefined if it never ran. */
  readonly base: unknown;
}

/** A session from its opening on. */
export interface SessionRecord {
  readonly session: string;
  readonly client: string;
  readonly member: string | undefined;
  readonly timeoutMs: number;
  readonly openedAt: number;
  /** In their order, from the first change on. */
  readonly states: readonly { readonly state: string; readonly at: number; readonly atMs: number }[];
}

/** A line for people: who, what, when, how it ended. */
export function describeOperation(operation: OperationRecord): string {
  const { id, client, session, call, calledAt, returnedAt, ending, trace } = operation;
  const place = trace.zxid === undefined ? '' : ` zxid ${trace.zxid}`;
  const request = trace.request === undefined ? '' : ` request ${trace.request}`;
  const span = `[${calledAt}, ${returnedAt === Infinity ? '…' : returnedAt}]`;
  return `#${id} ${client} (session ${session}${request}) ${span} ${describeCall(call)} -> ${describeEnding(ending)}${place}`;
}

/** A call as one would write it. */
export function describeCall(call: Call): string {
  const { kind, ...rest } = call;
  const parts = Object.values(rest)
    .map((part: unknown) => showPlain(part))
    .filter((part) => part !== '{}');
  return `${kind}(${parts.join(', ')})`;
}

/** How a call ended, in a word or two. */
export function describeEnding(ending: Ending): string {
  switch (ending.kind) {
    case 'pending':
      return 'pending';
    case 'answered': {
      const { kind, ...rest } = ending.result;
      return kind === 'nothing' ? 'done' : showPlain(rest);
    }
    case 'failed': {
      const index = ending.index === undefined ? '' : ` at operation ${ending.index}`;
      return `${ending.code} (${ending.outcome})${index}`;
    }
  }
}

/** Any recorded value on one line; bigints and byte arrays included. */
export function showPlain(value: unknown): string {
  // For undefined it answers undefined, whatever its type says.
  const text: string | undefined = JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === 'bigint') return `${part}n`;
    return part instanceof Uint8Array ? `bytes ${Array.from(part).join(' ')}` : part;
  });
  return text ?? 'undefined';
}
