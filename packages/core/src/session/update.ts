/**
 * `update()`: runs a recipe on this replica's value and replicates what it changed, on condition that nobody
 * changed the znode since (its mzxid, which unlike a version never comes back). On conflict it starts over from
 * the newer value, at once: a session read sees the state that the conflict was judged on, so each round makes
 * progress, and somebody's update succeeded.
 *
 * The only user of immer, with an instance of its own: settings of the default one belong to the host.
 */
import { enablePatches, Immer, type Patch } from 'immer';
import type { PatchOp } from '../codec/op.ts';
import { decodeValue } from '../codec/value-decode.ts';
import { encodeValue } from '../codec/value-encode.ts';
import { sameValue, sourceOf } from '../codec/value-source.ts';
import type { Value, ValueSource } from '../codec/value.ts';
import { CoordinationError } from '../errors.ts';
import type { Znode } from './api-types.ts';
import { badArgument, type OpArguments } from './arguments.ts';
import type { Chroot } from './chroot.ts';
import { WriteCall } from './outbox.ts';
import { ReadCall } from './reads.ts';
import { toPatched, toZnode } from './results.ts';
import type { SessionCore } from './session-core.ts';
import type { Wait } from './waiting-calls.ts';

/** What one `update` was asked, checked. */
export interface UpdateRequest {
  /** Absolute. */
  readonly path: string;
  readonly recipe: (draft: unknown) => unknown;
  /** Encoded; undefined: a missing znode is `NO_NODE`. */
  readonly initial: ValueSource | undefined;
  readonly wait: Wait;
  readonly acknowledgeAll: boolean;
}

export class Updater {
  readonly #core: SessionCore;
  readonly #chroot: Chroot;
  readonly #arguments: OpArguments;
  readonly #immer: Immer;

  constructor(core: SessionCore, chroot: Chroot, args: OpArguments) {
    this.#core = core;
    this.#chroot = chroot;
    this.#arguments = args;
    enablePatches();
    // What a recipe puts into the draft is the host's: it must not come out frozen.
    this.#immer = new Immer({ autoFreeze: false });
  }

  /** Reads synchronously, so the update has its place in the session's order from the call on. */
  async run(request: UpdateRequest): Promise<Znode> {
    for (;;) {
      const current = (await this.#read(request, 'session')) ?? (await this.#read(request, 'linearizable'));
      const op = this.#change(request, current);
      if (op === undefined && current !== undefined) return current;
      try {
        if (op !== undefined) return await this.#write(request, op);
      } catch (error) {
        if (!isConflict(error, current)) throw error;
        this.#checkDeadline(request.wait);
      }
    }
  }

  /** Conflicts that come one after the other without a turn of the event loop would never let the clock speak. */
  #checkDeadline({ deadlineMs, deadlineAtMs }: Wait): void {
    if (this.#core.link.now() >= deadlineAtMs) {
      throw new CoordinationError('OPERATION_TIMEOUT', { details: { deadlineMs } });
    }
  }

  /** The patch that the recipe asks for; undefined: it changed nothing. */
  #change(request: UpdateRequest, current: Znode | undefined): PatchOp | undefined {
    const { path, recipe, initial } = request;
    if (current !== undefined) {
      const patches = this.#patches(current.value, recipe);
      return patches && { kind: 'patch', path, mzxid: current.stat.mzxid, patches };
    }
    if (initial === undefined) {
      throw new CoordinationError('NO_NODE', { details: { path: this.#chroot.relative(path) } });
    }
    const produced = this.#produce(decodeValue(initial).value, recipe);
    return { kind: 'patch', path, mzxid: 0, patches: this.#arguments.value(produced.value, 'recipe') };
  }

  #patches(base: Value, recipe: UpdateRequest['recipe']): ValueSource | undefined {
    const produced = this.#produce(base, recipe);
    if (produced.patches.length === 0) return undefined;
    const isReplaced = produced.patches.some(({ path }) => path.length === 0);
    if (!isReplaced) return this.#arguments.value(produced.patches.map(toPatchValue), 'recipe');
    const next = this.#arguments.value(produced.value, 'recipe');
    if (sameValue(next, sourceOf(encodeValue(base)))) return undefined;
    return this.#arguments.value([['replace', [], produced.value]], 'recipe');
  }

  #produce(base: Value, recipe: UpdateRequest['recipe']): Produced {
    if (typeof base !== 'object' || base === null || base instanceof Uint8Array) {
      // Nothing to draft. A byte array is copied, so that it can be edited in place and compared afterwards.
      const draft = base instanceof Uint8Array ? base.slice() : base;
      const result = runRecipe(recipe, draft);
      const value = result === undefined ? draft : result;
      return { value, patches: [{ op: 'replace', path: [], value }] };
    }
    let thrown: { readonly error: unknown } | undefined;
    try {
      const [value, patches] = this.#immer.produceWithPatches(base as object, (draft) => {
        try {
          return runRecipe(recipe, draft) as undefined;
        } catch (error) {
          thrown = { error };
          throw error;
        }
      });
      return { value, patches };
    } catch (error) {
      if (thrown !== undefined) throw thrown.error;
      // Not the recipe but immer: it changed the draft and returned another value, say.
      throw new CoordinationError('BAD_ARGUMENTS', {
        details: {
          argument: 'recipe',
          reason: error instanceof Error ? error.message : 'it cannot be applied',
        },
        cause: error,
      });
    }
  }

  #read(request: UpdateRequest, consistency: 'session' | 'linearizable'): Promise<Znode | undefined> {
    return new Promise((resolve, reject) => {
      const question = {
        query: { kind: 'get', path: request.path },
        consistency,
        chroot: this.#chroot,
      } as const;
      this.#core.checkOpen(this.#core.link.now());
      this.#core.read(new ReadCall(question, toZnode, resolve, reject), request.wait);
    });
  }

  #write(request: UpdateRequest, op: PatchOp): Promise<Znode> {
    return new Promise((resolve, reject) => {
      request.wait.signal?.throwIfAborted();
      this.#core.checkOpen(this.#core.link.now());
      const write = new WriteCall(op, toPatched, resolve, reject);
      write.acknowledgeAll = request.acknowledgeAll;
      this.#core.write(write, this.#core.writeContext(this.#chroot), request.wait);
    });
  }
}

interface Produced {
  readonly value: unknown;
  readonly patches: readonly Patch[];
}

function runRecipe(recipe: UpdateRequest['recipe'], draft: unknown): unknown {
  const result = recipe(draft);
  if (!isThenable(result)) return result;
  // It goes on running on a draft that is gone: its failure is not one more.
  Promise.resolve(result).catch(() => undefined);
  throw badArgument('recipe', 'a recipe is synchronous');
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

function toPatchValue({ op, path, value }: Patch): unknown {
  return op === 'remove' ? [op, path] : [op, path, value as unknown];
}

/** Somebody was faster. Without a znode, `NO_NODE` is about its parent, and trying again would change nothing. */
function isConflict(error: unknown, current: Znode | undefined): boolean {
  if (!(error instanceof CoordinationError)) return false;
  if (error.code === 'NO_NODE') return current !== undefined;
  return error.code === 'BAD_VERSION' || error.code === 'NODE_EXISTS';
}
