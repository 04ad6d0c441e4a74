/** Sessions without a replica that move from peer to peer (semantics.md, Sessions; docs/adr/0016-moving-without-the-log.md). */
import type { Mutant } from '../mutant.ts';

const core = 'packages/core/src/';

export const remoteSessions: readonly Mutant[] = [
  {
    id: 'S20',
    profile: 'moving',
    bug: 'a watch that moves skips what its session could have read at the peer that was lost',
    edits: [
      {
        file: `${core}remote/remote-link.ts`,
        find: 'kept.watch.lost(this.#seen);',
        replace: 'kept.watch.lost({ answerCount: 0, zxid: this.#zxid });',
      },
      {
        file: `${core}remote/remote-watch.ts`,
        find: 'if (this.#liveSince !== undefined && seen.answerCount > this.#liveSince) {',
        replace: 'if (this.#throughZxid !== undefined) {',
      },
    ],
  },
  {
    id: 'S21',
    profile: 'moving',
    bug: 'a peer serves a session that has seen more than the peer has',
    edits: [
      {
        file: `${core}peer/served-connection.ts`,
        find: '      minZxid: zxid,\n',
        replace: '      minZxid: 0,\n',
      },
    ],
  },
  {
    id: 'S22',
    profile: 'moving',
    bug: 'what a lost peer has not answered is not said again to the next one',
    edits: [
      {
        file: `${core}remote/remote-link.ts`,
        find: 'this.#outgoing.restart(this.#kept.keys());',
        replace: 'this.#outgoing.restart([]);',
      },
    ],
  },
  {
    id: 'S23',
    profile: 'moving',
    bug: 'a write overtakes a read of its session, which is then asked again elsewhere',
    edits: [
      {
        file: `${core}remote/outgoing.ts`,
        find: "      if (kind === 'batch' && this.#reads.size > 0) return undefined;\n",
        replace: '',
      },
    ],
  },
  {
    id: 'S24',
    profile: 'parted',
    bug: 'a sign of life counts from when it was confirmed, not from when it was sent',
    edits: [
      {
        file: `${core}remote/touches.ts`,
        find: '    return touch?.sentAtMs;\n',
        replace: '    return touch === undefined ? undefined : touch.sentAtMs + 100_000;\n',
      },
    ],
  },
];
