/**
 * Applies patches to a value: [op, path, value?] with op `add`, `replace` or `remove`, with the meaning they have
 * in immer, by code of our own, so that two versions of a library can never make two replicas differ. Strict: what
 * does not fit exactly is a problem, in words, and never a throw.
 *
 * The given value is frozen and stays as it is. Whatever a patch changes is copied once and then belongs to this
 * application, so a long list of patches does not copy the value for each of them. Copied objects have no
 * prototype: no key can reach one.
 */
import type { Value } from '../codec/value.ts';

export type Patched =
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'problem'; readonly reason: string };

interface Patch {
  readonly op: 'add' | 'replace' | 'remove';
  readonly path: readonly Key[];
  /** Undefined for `remove` only. */
  readonly value: Value | undefined;
}

type Key = string | number;
type Container = Value[] | Record<string, Value>;

/**
 * Elements that one application may move by inserting into and removing from the middle of arrays. Without a bound
 * a small op could keep every replica busy for seconds; immer's own patches work at the ends of arrays and move
 * none.
 */
const movedElementsMax = 4_194_304;

/** What an array's index looks like as text: decimal, without a sign or leading zeros. */
const indexText = /^(?:0|[1-9][0-9]{0,9})$/;

/** `patches` is any decoded value at all; only a fitting list of patches gives a value. */
export function patchValue(base: Value, patches: Value): Patched {
  if (!Array.isArray(patches)) return { kind: 'problem', reason: 'the patches are not an array' };
  const application = new Application(base);
  for (const [index, candidate] of (patches as readonly Value[]).entries()) {
    const patch = readPatch(candidate);
    const reason = typeof patch === 'string' ? patch : application.apply(patch);
    if (reason !== undefined) return { kind: 'problem', reason: `patch ${index}: ${reason}` };
  }
  return { kind: 'value', value: application.value };
}

/** The patch, or what is wrong with it. */
function readPatch(candidate: Value): Patch | string {
  if (!Array.isArray(candidate)) return 'it is not an array';
  const parts = candidate as readonly Value[];
  const [op, path, value] = parts;
  if (op !== 'add' && op !== 'replace' && op !== 'remove') return 'its op is unknown';
  if (!isPath(path)) return 'its path is not an array of strings and numbers';
  if (parts.length !== (op === 'remove' ? 2 : 3)) return 'it has another number of parts than its op needs';
  return { op, path, value };
}

class Application {
  value: Value;
  /** Containers that were copied here, so that they may be changed in place. */
  readonly #copies = new Set<Container>();
  #movedElements = 0;

  constructor(base: Value) {
    this.value = base;
  }

  /** What is wrong with the patch, or undefined when it was applied. */
  apply(patch: Patch): string | undefined {
    const key = patch.path.at(-1);
    if (key === undefined) {
      if (patch.op !== 'replace' || patch.value === undefined) return 'the whole value can only be replaced';
      this.value = patch.value;
      return undefined;
    }
    const container = this.#reach(patch.path);
    if (container === undefined) return 'its path leads nowhere';
    if (!Array.isArray(container)) return applyToObject(container, key, patch);
    if (key === 'length') return applyToLength(container, patch);
    return this.#applyToArray(container, key, patch);
  }

  /** The container that holds the last key of a path, copied if it was not yet, with all above it. */
  #reach(path: readonly Key[]): Container | undefined {
    if (!isContainer(this.value)) return undefined;
    let container = this.#copy(this.value);
    this.value = container;
    for (const key of path.slice(0, -1)) {
      const place = Array.isArray(container) ? indexOf(key) : key;
      if (place === undefined || !Object.hasOwn(container, place)) return undefined;
      const children = container as Record<Key, Value>;
      const child = children[place];
      if (child === undefined || !isContainer(child)) return undefined;
      const copy = this.#copy(child);
      children[place] = copy;
      container = copy;
    }
    return container;
  }

  #copy(container: Container): Container {
    if (this.#copies.has(container)) return container;
    const copy: Container = Array.isArray(container)
      ? container.slice()
      : Object.assign(Object.create(null) as Record<string, Value>, container);
    this.#copies.add(copy);
    return copy;
  }

  #applyToArray(array: Value[], key: Key, patch: Patch): string | undefined {
    const index = indexOf(key);
    if (index === undefined) return 'an array has no such key';
    const { op, value } = patch;
    if (index > array.length || (index === array.length && op !== 'add')) {
      return 'an index is beyond the end of its array';
    }
    if (op === 'replace') {
      if (value !== undefined) array[index] = value;
      return undefined;
    }
    this.#movedElements += array.length - index;
    if (this.#movedElements > movedElementsMax) return 'too many elements of arrays would have to move';
    if (value === undefined) array.splice(index, 1);
    else array.splice(index, 0, value);
    return undefined;
  }
}

function applyToObject(object: Record<string, Value>, key: Key, patch: Patch): string | undefined {
  if (typeof key !== 'string') return 'the key of an object is a string';
  if (key === '__proto__') return 'a key is not allowed';
  if (patch.op !== 'add' && !Object.hasOwn(object, key)) return 'an object has no such key';
  if (patch.value === undefined) delete object[key];
  else object[key] = patch.value;
  return undefined;
}

/** An array can be made shorter by its length; longer it would have holes, which no value has. */
function applyToLength(array: Value[], patch: Patch): string | undefined {
  const { op, value } = patch;
  if (op !== 'replace' || typeof value !== 'number' || !Number.isInteger(value)) {
    return 'a length can only be replaced, by an integer';
  }
  if (value < 0 || value > array.length) return 'a length can only become less';
  array.length = value;
  return undefined;
}

function indexOf(key: Key): number | undefined {
  if (typeof key === 'string') return indexText.test(key) ? Number(key) : undefined;
  return Number.isSafeInteger(key) && key >= 0 ? key : undefined;
}

function isContainer(value: Value): value is Container {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array);
}

function isPath(path: Value | undefined): path is readonly Key[] {
  if (!Array.isArray(path)) return false;
  return (path as readonly Value[]).every((key) => typeof key === 'string' || typeof key === 'number');
}
