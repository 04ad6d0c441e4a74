/**
 * One watch of a session without a replica, across all connections: each begins just after what the session has,
 * so nothing is lost and nothing comes twice.
 *
 * A snapshot reaches the session when it is whole: if the connection breaks before, it begins again, and nobody
 * has seen a part of it.
 */
import type { LinkWatch } from '../session/link.ts';
import { protocolError } from '../wire/fields.ts';
import type { EncodedChange, PlacedZnode, SessionAnswer, SessionRequest } from '../wire/session-messages.ts';
import { decodedChanges, decodedSnapshot } from './decoded.ts';

type OfKind<K extends SessionAnswer['kind']> = Extract<SessionAnswer, { kind: K }>;

/** What all live watches of a connection are known to have. */
export interface SeenMark {
  /** Number of the answer that said so last, over all connections. */
  readonly answerCount: number;
  readonly zxid: number;
}

export class RemoteWatch {
  readonly id: number;
  readonly #watch: LinkWatch;
  /** The session has everything through this zxid; undefined: not even a snapshot. */
  #throughZxid: number | undefined;
  /** The number of the answer with which the peer took it up; undefined: it has not, on this connection. */
  #liveSince: number | undefined;
  #hasBegun = false;
  #pages: PlacedZnode[] = [];
  #changes: EncodedChange[] = [];

  constructor(id: number, watch: LinkWatch) {
    this.id = id;
    this.#watch = watch;
    this.#throughZxid = watch.from;
  }

  request(): SessionRequest {
    const { path, scope, afterRequest } = this.#watch;
    return {
      kind: 'watch',
      id: this.id,
      path,
      scope,
      from: this.#throughZxid,
      // One that has begun has its place behind it.
      afterRequest: this.#hasBegun ? 0 : afterRequest,
    };
  }

  /**
   * The connection is lost. What it had answered counts: a quiet scope must not make the watch fall behind the
   * history, so where other answers came later, this watch has everything up to there, too.
   */
  lost(seen: SeenMark): void {
    if (this.#liveSince !== undefined && seen.answerCount > this.#liveSince) {
      this.#throughZxid = Math.max(this.#throughZxid ?? 0, seen.zxid);
    }
    this.#liveSince = undefined;
    this.#pages = [];
    this.#changes = [];
  }

  page({ zxid, znodes, isLast }: OfKind<'page'>, answerCount: number): void {
    if (this.#liveSince !== undefined || this.#throughZxid !== undefined) {
      throw protocolError('a watch that has begun has no snapshot');
    }
    for (const znode of znodes) this.#pages.push(znode);
    if (!isLast) return;
    const pages = this.#pages;
    this.#pages = [];
    this.#begin(zxid, answerCount);
    this.#watch.deliver(decodedSnapshot(zxid, pages));
  }

  resumed({ zxid }: OfKind<'resumed'>, answerCount: number): void {
    if (this.#throughZxid !== zxid) throw protocolError('a watch was resumed from another place');
    this.#begin(zxid, answerCount);
    this.#watch.deliver({ kind: 'resumed', zxid });
  }

  changes({ zxid, changes, isLast }: OfKind<'changes'>): void {
    if (this.#liveSince === undefined || zxid <= (this.#throughZxid ?? 0)) {
      throw protocolError('a watch was told of changes that it has seen');
    }
    for (const change of changes) this.#changes.push(change);
    if (!isLast) return;
    const whole = this.#changes;
    this.#changes = [];
    this.#throughZxid = zxid;
    this.#watch.deliver(decodedChanges(zxid, whole));
  }

  failed({ code, details }: OfKind<'watch-failed'>): void {
    this.#watch.deliver({ kind: 'failed', code, details });
  }

  #begin(zxid: number, answerCount: number): void {
    this.#hasBegun = true;
    this.#throughZxid = zxid;
    this.#liveSince = answerCount;
  }
}
