/**
 * What is asked of a replica and what it answers, whatever a znode is on its way: a record of the tree, a znode whose
 * value is encoded, or one as users see it.
 */
import type { ErrorCode, ErrorDetails } from '../errors.ts';

/** A question about the tree. */
export type TreeQuery =
  | { readonly kind: 'barrier' }
  | { readonly kind: 'get'; readonly path: string }
  | { readonly kind: 'get-many'; readonly paths: readonly string[] }
  | {
      readonly kind: 'children' | 'list';
      readonly path: string;
      readonly after: string | undefined;
      readonly limit: number | undefined;
    }
  | { readonly kind: 'count'; readonly path: string };

/** As a session asks: also for ephemerals, which are its own. Paths are absolute. */
export type SessionQuery = TreeQuery | { readonly kind: 'ephemerals'; readonly under: string };

/** The answer, with znodes of the kind `Z`. */
export type Answer<Z> =
  | { readonly kind: 'barrier' }
  | { readonly kind: 'znode'; readonly znode: Z | undefined }
  | { readonly kind: 'znodes'; readonly znodes: readonly (Z | undefined)[] }
  | { readonly kind: 'names'; readonly names: readonly string[] }
  | { readonly kind: 'listing'; readonly items: readonly { readonly name: string; readonly znode: Z }[] }
  | { readonly kind: 'count'; readonly count: number }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly details: ErrorDetails };

/** The same answer with its znodes in another form. */
export function mapAnswer<A, B>(answer: Answer<A>, toOther: (znode: A) => B): Answer<B> {
  const optional = (znode: A | undefined): B | undefined =>
    znode === undefined ? undefined : toOther(znode);
  switch (answer.kind) {
    case 'znode':
      return { kind: 'znode', znode: optional(answer.znode) };
    case 'znodes':
      return { kind: 'znodes', znodes: answer.znodes.map((znode) => optional(znode)) };
    case 'listing':
      return {
        kind: 'listing',
        items: answer.items.map(({ name, znode }) => ({ name, znode: toOther(znode) })),
      };
    case 'barrier':
    case 'names':
    case 'count':
    case 'failed':
      return answer;
  }
}
