/** Elections and terms (B01 to B13), and the first start and the amnesia of our own semantics. */
import type { Mutant } from '../mutant.ts';

const raft = 'packages/core/src/raft/';

export const elections: readonly Mutant[] = [
  {
    id: 'B01a',
    bug: 'the votes of a pre-vote count as votes',
    edits: [
      {
        file: `${raft}candidate.ts`,
        find: 'votes: new Map([[state.id, true]]) };',
        replace: 'votes: state.candidacy?.votes ?? new Map([[state.id, true]]) };',
      },
    ],
  },
  {
    id: 'B01b',
    profile: 'busy',
    bug: 'a voter gives its vote to whoever asks, in the same term too',
    edits: [
      {
        file: `${raft}voter.ts`,
        find: '    (state.vote === undefined || state.vote === message.from) &&\n',
        replace: '',
      },
      {
        file: `${raft}state.ts`,
        find: "    invariant(this.#vote === undefined || this.#vote === vote, 'one vote a term', {\n      vote,\n      before: this.#vote,\n    });\n",
        replace: '',
      },
    ],
  },
  {
    id: 'B02a',
    bug: 'an append is acknowledged before its entries are durable',
    edits: [
      {
        file: `${raft}follower.ts`,
        find: 'else state.outbox.promise(reply);',
        replace: 'else state.outbox.send(reply);',
      },
    ],
  },
  {
    id: 'B02b',
    bug: 'a vote leaves before it is durable',
    edits: [
      {
        file: `${raft}voter.ts`,
        find: "state.outbox.promise({ kind: 'vote-reply'",
        replace: "state.outbox.send({ kind: 'vote-reply'",
      },
      {
        file: `${raft}outbox.ts`,
        find: 'const mustWait = this.#hardStateTicket > this.#persistedTicket;',
        replace: 'const mustWait = false;',
      },
    ],
  },
  {
    id: 'B04a',
    bug: 'a message of an older term takes the own term back',
    edits: [
      {
        file: `${raft}receive.ts`,
        find: 'if (message.term > state.term) becomeFollower(state, message.term, undefined);\n  if (message.term < state.term) {',
        replace:
          'if (message.term !== state.term) becomeFollower(state, message.term, undefined);\n  if (message.term < state.term) {',
      },
      {
        file: `${raft}follower.ts`,
        find: 'const isNewTerm = term > state.term;',
        replace: 'const isNewTerm = term !== state.term;',
      },
      {
        file: `${raft}state.ts`,
        find: "    invariant(term > this.#term, 'the term only rises', { term, before: this.#term });\n",
        replace: '',
      },
    ],
  },
  {
    id: 'B04b',
    bug: 'after a restart the term is that of the log, not the one that was promised',
    edits: [
      {
        file: `${raft}state.ts`,
        find: 'this.#term = restored.hardState?.term ?? 0;',
        replace: 'this.#term = this.log.lastTerm;',
      },
    ],
  },
  {
    id: 'B04c',
    bug: 'after a restart the vote of the term is forgotten',
    edits: [
      {
        file: `${raft}state.ts`,
        find: 'this.#vote = restored.hardState?.vote;',
        replace: 'this.#vote = undefined;',
      },
    ],
  },
  {
    id: 'B05a',
    profile: 'busy',
    bug: 'a candidate that is behind never learns the newer term from a refused pre-vote',
    edits: [
      {
        file: `${raft}candidate.ts`,
        find: 'if (!message.granted && message.term > state.term) {',
        replace: 'if (state.term < 0) {',
      },
    ],
  },
  {
    id: 'B05b',
    bug: 'a pre-vote raises the term of whoever is asked',
    edits: [
      {
        file: `${raft}voter.ts`,
        find: '  const granted =\n    message.term > state.term &&',
        replace:
          '  if (message.term > state.term) becomeFollower(state, message.term, undefined);\n  const granted =\n    message.term > state.term &&',
      },
    ],
  },
  {
    id: 'B06',
    bug: 'without pre-vote and stickiness a member that was cut off deposes the leader when it comes back',
    edits: [
      {
        file: `${raft}candidate.ts`,
        find: "  const candidacy = run(state, 'pre-vote');\n",
        replace:
          "  if (state.term >= 0) return campaign(state, false);\n  const candidacy = run(state, 'pre-vote');\n",
      },
      {
        file: `${raft}voter.ts`,
        find: '  if (message.term >= state.term && !message.transfer && hearsLeader(state)) return;\n',
        replace: '',
      },
    ],
  },
  {
    id: 'B07',
    bug: 'a leader that no quorum answers any more goes on leading',
    edits: [
      {
        file: `${raft}leader.ts`,
        find: 'if (quorumValue(state.membership, heardAt) <= silentSince) {',
        replace: 'if (quorumValue(state.membership, heardAt) < 0) {',
      },
    ],
  },
  {
    id: 'B08',
    bug: 'every member draws the same election time-out',
    edits: [
      {
        file: `${raft}state.ts`,
        find: 'electionTicks + (randomU32() % electionTicks);',
        replace: 'electionTicks + (randomU32() % 1);',
      },
      {
        file: `${raft}follower.ts`,
        find: 'Math.floor(rank * step));',
        replace: 'Math.floor(0 * step));',
      },
    ],
  },
  {
    id: 'B09',
    profile: 'single',
    bug: 'a single voter commits nothing when it begins to lead, so it never applies its log again',
    edits: [
      {
        file: `${raft}leader.ts`,
        find: "  else appendOwn(state, 'noop', emptyBody);",
        replace: "  else if (state.membership.voters.length > 1) appendOwn(state, 'noop', emptyBody);",
      },
    ],
  },
  {
    id: 'B11',
    bug: 'the words of a deposed leader put elections off',
    edits: [
      {
        file: `${raft}receive.ts`,
        find: "  const header = state.header(message.from);\n  if (message.kind === 'append') {\n",
        replace:
          "  const header = state.header(message.from);\n  if (message.kind === 'append') {\n    if (state.role === 'follower') state.resetElectionTimer();\n",
      },
    ],
  },
  {
    id: 'B12',
    profile: 'transferring',
    bug: 'the target of a transfer wins although its log is behind',
    edits: [
      {
        file: `${raft}voter.ts`,
        find: '    (state.vote === undefined || state.vote === message.from) &&\n    state.log.isUpToDate(message);',
        replace:
          '    (state.vote === undefined || state.vote === message.from) &&\n    (message.transfer || state.log.isUpToDate(message));',
      },
      {
        file: `${raft}transfer.ts`,
        find: 'if (progress?.matchIndex !== state.log.lastIndex || !isCounted(state, progress)) return;',
        replace: 'if (progress === undefined) return;',
      },
    ],
  },
  {
    id: 'S01a',
    bug: 'a voter that lost its data votes and is counted as if nothing had happened',
    edits: [
      {
        file: `${raft}state.ts`,
        find: 'return this.#record !== undefined && this.isUndisputed(this.id, this.incarnation);',
        replace: 'return this.#term >= 0;',
      },
      {
        file: `${raft}counting.ts`,
        find: 'if (incarnation === undefined || listedIncarnation(state.membership, member) !== incarnation) return false;',
        replace: 'if (incarnation === undefined) return false;',
      },
      {
        file: `${raft}candidate.ts`,
        find: 'if (listedIncarnation(state.membership, message.from) !== message.incarnation) return;',
        replace: 'if (listedIncarnation(state.membership, message.from) === undefined) return;',
      },
    ],
  },
  {
    id: 'S01b',
    profile: 'busy',
    bug: 'the acknowledgements of a voter that lost its data count at once',
    edits: [
      {
        file: `${raft}counting.ts`,
        find: 'if (incarnation === undefined || listedIncarnation(state.membership, member) !== incarnation) return false;\n  return progress.isVouched || state.isUndisputed(member, incarnation);',
        replace: 'return incarnation !== undefined;',
      },
    ],
  },
  {
    id: 'S01c',
    bug: 'a member begins a new ensemble with the answers of a majority instead of all',
    edits: [
      {
        file: `${raft}candidate.ts`,
        find: "state.isEmpty ? 'unanimous' : 'quorum'",
        replace: "'quorum'",
      },
    ],
  },
];
