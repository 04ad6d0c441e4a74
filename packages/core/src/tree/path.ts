/** Paths live in codec/, where sessions may use them too. */
export { isBelow, joinPath, nameOf, parentOf, pathProblem, rootPath } from '../codec/path.ts';
