/**
 * Small histories of a few sessions, good by construction, and ways to spoil them. A plan fixes who calls what and
 * when things happen; running it gives answers and the log, with or without a fault that is asked for.
 */
import { op, type Stat } from '@quorate/core';
import {
  BatchBuilder,
  encodeSystemBatch,
  encodeValue,
  formatSessionId,
  sourceOf,
  type Op,
} from '@quorate/core/inspect';
import type { Entry } from '@quorate/core/ports';
import { type Call, type Ending, isWriteCall, type WriteCall } from '../../history/call.ts';
import type { OperationRecord } from '../../history/operation.ts';
import type { RandomStream } from '../../world/random-stream.ts';
import { ModelEnsemble, type ModelCommand } from '../model/model-ensemble.ts';
import type { ModelReply } from '../model/model-ops.ts';
import type { ModelStat, ModelView } from '../model/model-tree.ts';
import { valueOf } from '../model/model-value.ts';

/** What happens, one thing after the other; numbers name operations. */
export interface Plan {
  readonly sessionsCount: number;
  readonly calls: readonly { readonly session: number; readonly call: Call }[];
  readonly events: readonly PlannedEvent[];
}

type PlannedEvent =
  | { readonly kind: 'call' | 'return'; readonly operation: number }
  /** `age`: of a session read, how many states back it looks, as far as its session allows. */
  | { readonly kind: 'effect'; readonly operation: number; readonly age: number };

export interface SmallRun {
  readonly operations: readonly OperationRecord[];
  readonly log: readonly Entry[];
}

/** A fault of the ensemble while a plan runs. */
export type RunFault =
  /** The write is answered and leaves nothing behind; its command is missing in the log, or only in the state. */
  | { readonly kind: 'drop'; readonly operation: number; readonly isLogged: boolean }
  /** The read is answered from an older state than its session or the present allow; it may admit to it. */
  | { readonly kind: 'age'; readonly operation: number; readonly by: number; readonly isAdmitted: boolean };

const paths = ['/x', '/y'] as const;

export function drawPlan(random: RandomStream, operationsCount: number): Plan {
  const sessionsCount = 1 + random.below(3);
  const calls: { session: number; call: Call }[] = [];
  const events: PlannedEvent[] = [];
  const waiting: number[][] = Array.from({ length: sessionsCount }, () => []);
  const done: number[] = [];
  while (calls.length < operationsCount || waiting.some((each) => each.length > 0) || done.length > 0) {
    const choice = random.below(3);
    if (choice === 0 && calls.length < operationsCount) {
      const session = random.below(sessionsCount);
      waiting[session]?.push(calls.length);
      events.push({ kind: 'call', operation: calls.length });
      calls.push({ session, call: drawCall(random, calls.length) });
    } else if (choice === 1) {
      const operation = waiting[random.below(sessionsCount)]?.shift();
      // One in ten is lost on its way, or its answer is: nobody knows.
      if (operation === undefined || random.below(20) === 0) continue;
      events.push({ kind: 'effect', operation, age: random.below(3) });
      if (random.below(20) > 0) done.push(operation);
    } else {
      const [operation] = done.splice(random.below(Math.max(1, done.length)), 1);
      if (operation !== undefined) events.push({ kind: 'return', operation });
    }
  }
  return { sessionsCount, calls, events };
}

function drawCall(random: RandomStream, serial: number): Call {
  const path = paths[random.below(2)] ?? '/x';
  const value = `value-${serial}`;
  const expected = `value-${random.below(Math.max(1, serial))}`;
  switch (random.below(10)) {
    case 0:
      return { kind: 'create', path, value, options: {} };
    case 1:
      return { kind: 'delete', path, options: {} };
    case 2:
      return { kind: 'compareAndSet', path, expected, value, options: {} };
    case 3:
      return { kind: 'compareAndSwap', path, expected, value, options: {} };
    case 4:
      return { kind: 'increment', path: '/n', by: 1 + serial, options: { create: true } };
    case 5: {
      const operations = [op.set('/x', value, { create: true }), op.set('/y', value, { create: true })];
      return { kind: 'multi', operations, options: {} };
    }
    case 6:
      return { kind: 'set', path, value, options: { create: true } };
    case 7:
      return { kind: 'get', path, options: {} };
    default:
      return { kind: 'get', path, options: { consistency: 'linearizable' } };
  }
}

export function runPlan(plan: Plan, fault?: RunFault): SmallRun {
  return new PlanRun(plan, fault).run();
}

interface Open {
  calledAt: number;
  returnedAt: number;
  ending: Ending;
  request: number | undefined;
  zxid: number | undefined;
}

class PlanRun {
  readonly #plan: Plan;
  readonly #fault: RunFault | undefined;
  readonly #model = new ModelEnsemble();
  /** What is committed, and what the replicas did: the two differ by a fault only. */
  readonly #log: Entry[] = [];
  readonly #state: Entry[] = [];
  readonly #views: ReadonlyMap<string, ModelView>[] = [new Map()];
  readonly #sessions: { readonly id: number; requests: number; floor: number }[] = [];
  readonly #open: Open[];
  readonly #answers: Ending[] = [];

  constructor(plan: Plan, fault: RunFault | undefined) {
    this.#plan = plan;
    this.#fault = fault;
    this.#open = plan.calls.map(() => ({
      calledAt: 0,
      returnedAt: Infinity,
      ending: { kind: 'pending' },
      request: undefined,
      zxid: undefined,
    }));
  }

  run(): SmallRun {
    for (let number = 0; number < this.#plan.sessionsCount; number += 1) this.#openSession(number);
    for (const [position, event] of this.#plan.events.entries()) {
      const open = this.#open[event.operation];
      if (open === undefined) continue;
      if (event.kind === 'call') open.calledAt = position;
      else if (event.kind === 'effect') this.#effect(event.operation, event.age);
      else {
        open.returnedAt = position;
        open.ending = this.#answers[event.operation] ?? open.ending;
      }
    }
    return { operations: this.#records(), log: this.#log };
  }

  #openSession(number: number): void {
    const secretHash = new Uint8Array(32).fill(number + 1);
    const opening = { kind: 'open-session', secretHash, timeoutMs: 10_000 } as const;
    const body = encodeSystemBatch({
      kind: 'system',
      origin: 'a',
      incarnation: 1,
      ticket: number + 1,
      op: opening,
    });
    const reply = this.#append(body, body)?.reply;
    if (reply?.kind === 'session')
      this.#sessions.push({ id: reply.session, requests: 0, floor: this.#model.zxid });
  }

  #effect(operation: number, age: number): void {
    const open = this.#open[operation];
    const planned = this.#plan.calls[operation];
    const session = this.#sessions[planned?.session ?? 0];
    if (open === undefined || planned === undefined || session === undefined) return;
    const { call } = planned;
    if (isWriteCall(call)) {
      // A write that is lost has no number: with one, all later ones would wait for it.
      session.requests += 1;
      open.request = session.requests;
      this.#write(operation, call, session.id);
    } else if (call.kind === 'get') {
      const { zxid } = this.#model;
      const isFresh = call.options.consistency === 'linearizable';
      const seen = isFresh ? zxid : Math.max(session.floor, zxid - age);
      const fault =
        this.#fault?.kind === 'age' && this.#fault.operation === operation ? this.#fault : undefined;
      const shown = Math.max(0, seen - (fault?.by ?? 0));
      open.zxid = fault?.isAdmitted === true ? shown : seen;
      this.#answers[operation] = readEnding(this.#views[shown]?.get(call.path));
      session.floor = seen;
      return;
    }
    session.floor = this.#model.zxid;
    open.zxid = this.#model.zxid;
  }

  #write(operation: number, call: WriteCall, session: number): void {
    const request = this.#open[operation]?.request ?? 0;
    const body = batchOf(toOp(call), session, request);
    const fault =
      this.#fault?.kind === 'drop' && this.#fault.operation === operation ? this.#fault : undefined;
    const nothing = batchOf({ kind: 'noop' }, session, request);
    const reply =
      fault === undefined
        ? this.#append(body, body)?.reply
        : this.#answerAndForget(body, fault.isLogged ? body : nothing, nothing);
    if (reply !== undefined) this.#answers[operation] = writeEnding(call, reply);
  }

  /** The answer that it would have been, and a state without it. */
  #answerAndForget(body: Uint8Array, logged: Uint8Array, kept: Uint8Array): ModelReply | undefined {
    const other = [...new ModelEnsemble().apply([...this.#state, entryOf(this.#state.length + 1, body)])];
    this.#append(logged, kept);
    return other.at(-1)?.reply;
  }

  #append(logged: Uint8Array, kept: Uint8Array): ModelCommand | undefined {
    const index = this.#log.length + 1;
    this.#log.push(entryOf(index, logged));
    this.#state.push(entryOf(index, kept));
    const [command] = this.#model.apply(this.#state.slice(-1));
    const view = new Map<string, ModelView>();
    for (const path of [...paths, '/n']) {
      const znode = this.#model.tree.view(path);
      if (znode !== undefined) view.set(path, znode);
    }
    this.#views[this.#model.zxid] = view;
    return command;
  }

  #records(): readonly OperationRecord[] {
    return this.#plan.calls.map(({ session, call }, id) => {
      const { calledAt, returnedAt, ending, request, zxid } = this.#open[id] ?? noOpen();
      return {
        id,
        client: `client-${session}`,
        session: formatSessionId(this.#sessions[session]?.id ?? 0),
        member: undefined,
        call,
        calledAt,
        returnedAt,
        calledAtMs: calledAt,
        returnedAtMs: returnedAt,
        ending,
        trace: {
          request,
          zxid: ending.kind === 'pending' ? undefined : zxid,
          answeredAt: returnedAt,
          base: undefined,
        },
      };
    });
  }
}

function noOpen(): never {
  throw new TypeError('every call of a plan is open or done');
}

function entryOf(index: number, body: Uint8Array): Entry {
  return { index, term: 1, kind: 'commands', wallMs: 1_000 + index, elapsedMs: index, body };
}

function batchOf(command: Op, sessionId: number, request: number): Uint8Array {
  const builder = new BatchBuilder();
  builder.add(command);
  return builder.finish({ sessionId, holder: 1, firstRequest: request, acknowledgedThrough: 0 });
}

function toOp(call: WriteCall): Op {
  const source = (value: unknown): ReturnType<typeof sourceOf> => sourceOf(encodeValue(value));
  switch (call.kind) {
    case 'create': {
      const { path, value } = call;
      const plain = { sequential: false, ttlMs: 0, parents: 'none', ifAbsent: false } as const;
      return { kind: 'create', path, value: source(value), createKind: 'persistent', ...plain };
    }
    case 'set':
      return { kind: 'set', path: call.path, value: source(call.value), version: -1, create: true };
    case 'delete':
      return { kind: 'delete', path: call.path, version: -1, recursive: false, ifExists: false };
    case 'compareAndSet':
    case 'compareAndSwap':
      return { kind: 'compare', path: call.path, expected: source(call.expected), value: source(call.value) };
    case 'increment':
      return { kind: 'increment', path: call.path, by: call.by, create: true };
    case 'multi': {
      const ops = call.operations.flatMap((operation) =>
        operation.kind === 'set'
          ? [
              {
                kind: 'set',
                path: operation.path,
                value: source(operation.value),
                version: -1,
                create: true,
              } as const,
            ]
          : [],
      );
      return { kind: 'multi', ops, byteCount: 0 };
    }
    default:
      return { kind: 'noop' };
  }
}

function readEnding(view: ModelView | undefined): Ending {
  if (view === undefined)
    return { kind: 'failed', code: 'NO_NODE', outcome: 'not-applied', index: undefined };
  return { kind: 'answered', result: { kind: 'znode', value: valueOf(view.bytes), stat: toStat(view.stat) } };
}

function writeEnding(call: WriteCall, reply: ModelReply): Ending {
  switch (reply.kind) {
    case 'error':
      return { kind: 'failed', code: reply.code, outcome: 'not-applied', index: reply.index };
    case 'stat':
      return { kind: 'answered', result: { kind: 'stat', stat: toStat(reply.stat) } };
    case 'created': {
      const { path, created, stat } = reply;
      return { kind: 'answered', result: { kind: 'created', path, created, stat: toStat(stat) } };
    }
    case 'compared': {
      const { swapped, previous, stat } = reply;
      if (call.kind === 'compareAndSet') return { kind: 'answered', result: { kind: 'compared', swapped } };
      const shown = { swapped, previous: valueOf(previous), stat: toStat(stat) };
      return { kind: 'answered', result: { kind: 'swapped', ...shown } };
    }
    case 'number':
      return { kind: 'answered', result: { kind: 'number', value: reply.value } };
    case 'multi': {
      const results = reply.replies.flatMap((each) =>
        each.kind === 'stat' ? [{ kind: 'set', stat: toStat(each.stat) } as const] : [],
      );
      return { kind: 'answered', result: { kind: 'multi', results } };
    }
    default:
      return { kind: 'answered', result: { kind: 'nothing' } };
  }
}

function toStat({ owner, ...stat }: ModelStat): Stat {
  return { ...stat, ephemeralOwner: owner === 0 ? undefined : formatSessionId(owner) };
}
