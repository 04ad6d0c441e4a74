/**
 * Paths as in ZooKeeper (PathUtils.validatePath): absolute, `/`-separated, no empty, `.` or `..` segment, no
 * trailing slash, none of the forbidden characters; bounded in bytes and segments by limits.ts.
 *
 * Surrogates and everything between them and U+F8FF are forbidden, so a valid path holds only code points of one
 * UTF-16 unit: `<` on such strings is the order of their UTF-8 bytes, and no code here has to encode anything.
 */
import { pathBytesMax, pathSegmentsMax } from '../limits.ts';

/** The one path that always exists. */
export const rootPath = '/';

const slash = 0x2f;
const dot = 0x2e;

/** Printable ASCII, no segment that begins with a dot: nearly every path. The others are not wrong for that. */
const ordinary = /^(?:\/[ -\-0-~][ -.0-~]*)+$/;
/** A segment takes two characters with its slash: so short a path is within both bounds. */
const ordinaryLengthMax = Math.min(pathBytesMax, 2 * pathSegmentsMax);

/**
 * What is wrong with a path, in words; undefined for a valid one. Cost is one pass over the characters.
 *
 * @example
 * pathProblem('/app/config') // undefined
 * pathProblem('/app/') // 'it ends with a slash'
 */
export function pathProblem(path: string): string | undefined {
  // The engine goes over a text that was put together of others in two thirds of a loop's time (Node 20).
  return path.length <= ordinaryLengthMax && ordinary.test(path) ? undefined : unusualProblem(path);
}

function unusualProblem(path: string): string | undefined {
  const length = path.length;
  if (length === 0 || path.charCodeAt(0) !== slash) return 'a path begins with a slash';
  if (length === 1) return undefined;
  // Bytes are at least as many as UTF-16 units; this also bounds the loop for hostile input.
  if (length > pathBytesMax) return `a path has at most ${pathBytesMax} bytes`;
  if (path.charCodeAt(length - 1) === slash) return 'it ends with a slash';

  let byteCount = length;
  let segmentCount = 1;
  let segmentStart = 1;
  for (let index = 1; index < length; index += 1) {
    const unit = path.charCodeAt(index);
    if (unit === slash) {
      const problem = segmentProblem(path, segmentStart, index);
      if (problem !== undefined) return problem;
      segmentCount += 1;
      segmentStart = index + 1;
    } else if (unit < 0x20 || unit > 0x7e) {
      if (isForbidden(unit)) return `it has the forbidden character U+${hexadecimal(unit)}`;
      byteCount += unit < 0x800 ? 1 : 2;
    }
  }
  if (segmentCount > pathSegmentsMax) return `a path has at most ${pathSegmentsMax} segments`;
  if (byteCount > pathBytesMax) return `a path has at most ${pathBytesMax} bytes`;
  return segmentProblem(path, segmentStart, length);
}

/** The parent's path. The root has none and answers itself. The path must be valid. */
export function parentOf(path: string): string {
  const cut = path.lastIndexOf('/');
  return cut <= 0 ? rootPath : path.slice(0, cut);
}

/** The last segment; empty for the root. The path must be valid. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The path of a child. */
export function joinPath(parent: string, name: string): string {
  return parent === rootPath ? `/${name}` : `${parent}/${name}`;
}

/** Whether `path` lies strictly below `ancestor`; no path is below itself. */
export function isBelow(path: string, ancestor: string): boolean {
  if (ancestor === rootPath) return path.length > 1;
  return (
    path.length > ancestor.length && path.charCodeAt(ancestor.length) === slash && path.startsWith(ancestor)
  );
}

function segmentProblem(path: string, start: number, end: number): string | undefined {
  const length = end - start;
  if (length === 0) return 'it has an empty segment';
  if (length > 2 || path.charCodeAt(start) !== dot) return undefined;
  if (length === 1) return 'it has a segment "."';
  return path.charCodeAt(start + 1) === dot ? 'it has a segment ".."' : undefined;
}

function isForbidden(unit: number): boolean {
  if (unit <= 0x1f) return true;
  if (unit >= 0x7f && unit <= 0x9f) return true;
  return (unit >= 0xd800 && unit <= 0xf8ff) || unit >= 0xfff0;
}

function hexadecimal(unit: number): string {
  return unit.toString(16).toUpperCase().padStart(4, '0');
}
