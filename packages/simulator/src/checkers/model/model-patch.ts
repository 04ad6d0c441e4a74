/**
 * Patches of `update` applied to a value, written for the model: [op, path, value?] as immer means them, on a
 * plain copy of the value. Anything that does not fit exactly gives undefined.
 */
import type { Value } from '@quorate/core';
import { bytesOf, valueOf } from './model-value.ts';

type Box = { [key: string]: unknown } | unknown[];

/** The canonical bytes of the patched value; undefined if the patches do not fit. */
export function patchedBytes(base: Uint8Array, patches: Value): Uint8Array | undefined {
  if (!Array.isArray(patches)) return undefined;
  // One level above the value, so that replacing all of it is no special case.
  const holder: { value: unknown } = { value: thawed(valueOf(base)) };
  for (const patch of patches as readonly unknown[]) {
    if (!Array.isArray(patch) || !applyPatch(holder, patch)) return undefined;
  }
  try {
    return bytesOf(holder.value);
  } catch {
    return undefined;
  }
}

function applyPatch(holder: { value: unknown }, patch: readonly unknown[]): boolean {
  const [op, path, value] = patch;
  if (op !== 'add' && op !== 'replace' && op !== 'remove') return false;
  if (!Array.isArray(path) || patch.length !== (op === 'remove' ? 2 : 3)) return false;
  const keys: readonly unknown[] = path;
  if (!keys.every((key) => typeof key === 'string' || typeof key === 'number')) return false;
  if (keys.length === 0) {
    holder.value = thawed(value);
    return op === 'replace';
  }
  let box: unknown = holder.value;
  for (const key of keys.slice(0, -1)) box = stepInto(box, key);
  const last = keys.at(-1);
  if (last === undefined || !isBox(box)) return false;
  return Array.isArray(box)
    ? patchArray(box, { op, key: last, value: thawed(value) })
    : patchObject(box, { op, key: last, value: thawed(value) });
}

interface Edit {
  readonly op: 'add' | 'replace' | 'remove';
  readonly key: string | number;
  readonly value: unknown;
}

function patchObject(box: { [key: string]: unknown }, { op, key, value }: Edit): boolean {
  if (typeof key !== 'string' || key === '__proto__') return false;
  if (op !== 'add' && !Object.hasOwn(box, key)) return false;
  if (op === 'remove') delete box[key];
  else box[key] = value;
  return true;
}

function patchArray(box: unknown[], { op, key, value }: Edit): boolean {
  if (key === 'length') {
    const isShorter = Number.isInteger(value) && Number(value) >= 0 && Number(value) <= box.length;
    if (op !== 'replace' || typeof value !== 'number' || !isShorter) return false;
    box.length = value;
    return true;
  }
  const index = toIndex(key);
  if (index === undefined || index > box.length || (index === box.length && op !== 'add')) return false;
  if (op === 'replace') box[index] = value;
  else if (op === 'remove') box.splice(index, 1);
  else box.splice(index, 0, value);
  return true;
}

function stepInto(box: unknown, key: unknown): unknown {
  if (!isBox(box)) return undefined;
  if (!Array.isArray(box)) return typeof key === 'string' && Object.hasOwn(box, key) ? box[key] : undefined;
  const index = toIndex(key);
  return index === undefined ? undefined : box[index];
}

function toIndex(key: unknown): number | undefined {
  if (typeof key === 'string') return /^(?:0|[1-9][0-9]{0,9})$/.test(key) ? Number(key) : undefined;
  return typeof key === 'number' && Number.isSafeInteger(key) && key >= 0 ? key : undefined;
}

function isBox(value: unknown): value is Box {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array);
}

/** A deep copy that may be changed. */
function thawed(value: unknown): unknown {
  if (!isBox(value)) return value;
  if (Array.isArray(value)) return value.map((each: unknown) => thawed(each));
  const copy = Object.create(null) as { [key: string]: unknown };
  for (const [key, each] of Object.entries(value)) copy[key] = thawed(each);
  return copy;
}
