/**
 * A view of the tree from a prefix: what goes in gets the prefix, what comes out loses it. The link knows
 * absolute paths only, so every path that crosses this edge must pass here in both directions.
 */
import { CoordinationError, type ErrorDetails } from '../errors.ts';
import { pathProblem } from '../codec/path.ts';

export class Chroot {
  /** Empty for the whole tree: concatenation then gives the path itself. */
  readonly #prefix: string;

  private constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** The whole tree. */
  static whole(): Chroot {
    return new Chroot('');
  }

  /** The view from `prefix`, which is itself a path of this view. */
  below(prefix: unknown): Chroot {
    const absolute = this.absolute(prefix, 'prefix');
    return new Chroot(absolute === '/' ? '' : absolute);
  }

  /** Checks a path as the user wrote it and answers the absolute one. */
  absolute(path: unknown, argument = 'path'): string {
    return this.#checked(path, argument, '');
  }

  /** As {@link absolute} for a name that gets a number: it may end with a slash (ZooKeeper: isSequential). */
  absoluteSequential(path: unknown): string {
    return this.#checked(path, 'path', '1');
  }

  /** A path as the user of this view knows it. What lies above the prefix is `/` here. */
  relative(absolute: string): string {
    const prefix = this.#prefix;
    if (prefix === '') return absolute;
    const isBelow = absolute.startsWith(prefix) && absolute.charCodeAt(prefix.length) === slash;
    return isBelow ? absolute.slice(prefix.length) : '/';
  }

  details(details: ErrorDetails): ErrorDetails {
    if (this.#prefix === '' || details.path === undefined) return details;
    return { ...details, path: this.relative(details.path) };
  }

  #checked(path: unknown, argument: string, suffix: string): string {
    if (typeof path !== 'string') throw badPath(path, 'a path is a string', argument);
    const problem = pathProblem(path + suffix);
    if (problem !== undefined) throw badPath(path, problem, argument);
    const prefix = this.#prefix;
    if (prefix === '') return path;
    if (path === '/' && suffix === '') return prefix;
    const absolute = prefix + path;
    const problemBelow = pathProblem(absolute + suffix);
    if (problemBelow !== undefined) throw badPath(path, `below ${prefix}: ${problemBelow}`, argument);
    return absolute;
  }
}

const slash = 0x2f;

function badPath(path: unknown, reason: string, argument: string): CoordinationError {
  const shown = typeof path === 'string' ? { path } : {};
  return new CoordinationError('BAD_ARGUMENTS', { details: { ...shown, argument, reason } });
}
