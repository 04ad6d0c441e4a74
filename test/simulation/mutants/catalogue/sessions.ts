/** The tree, sessions and exactly-once (B52 to B54, B65), and the rules of our own semantics about them. */
import type { Mutant } from '../mutant.ts';

const core = 'packages/core/src/';

export const sessions: readonly Mutant[] = [
  {
    id: 'B52a',
    bug: 'the ephemerals of an ended session stay',
    edits: [
      {
        file: `${core}machine/state.ts`,
        find: '    if (paths.length === 0) return;\n',
        replace: '    if (paths.length >= 0) return;\n',
      },
    ],
  },
  {
    id: 'B52b',
    profile: 'long',
    bug: 'a session that fell silent is never expired',
    edits: [
      {
        file: `${core}replica/leases.ts`,
        find: '          if (lease.expiryIndex === 0) due.push(sessionId);\n',
        replace: '',
      },
    ],
  },
  {
    id: 'B53',
    bug: 'what a failed multi did before its failure stays',
    edits: [
      {
        file: `${core}machine/state.ts`,
        find: "    if (result.kind === 'error') tree.rollback();\n    else tree.commit(this.#observeChange);",
        replace: '    tree.commit(this.#observeChange);',
      },
    ],
  },
  {
    id: 'B54a',
    profile: 'patient',
    bug: 'an expiry is not judged by what the session has requested since',
    edits: [
      {
        file: `${core}machine/system-commands.ts`,
        find: 'if (!(session.replies.lastRequest <= op.lastRequest)) {',
        replace: 'if (!(session.replies.lastRequest >= 0)) {',
      },
    ],
  },
  {
    id: 'B54b',
    profile: 'patient',
    bug: 'a touch is confirmed although the expiry of the session is in the log',
    edits: [
      {
        file: `${core}replica/leadership.ts`,
        find: '(sessionId) => machine.lastRequestOf(sessionId) !== undefined && !this.#leases.isExpiring(sessionId),',
        replace: '(sessionId) => machine.lastRequestOf(sessionId) !== undefined,',
      },
    ],
  },
  {
    id: 'B54c',
    bug: 'a new leader does not grant the sessions a full time-out',
    edits: [
      {
        file: `${core}replica/leases.ts`,
        find: '    for (const session of sessions) this.grant(session.sessionId, session.timeoutMs, nowTick);\n',
        replace:
          '    for (const session of sessions) this.grant(session.sessionId, Math.floor(session.timeoutMs / 8), nowTick);\n',
      },
    ],
  },
  {
    id: 'S25',
    profile: 'stalled',
    bug: 'a leader that stood still counts that time as silence of the sessions whose touches wait for it',
    edits: [
      {
        file: `${core}replica/leases.ts`,
        find: '  return count >= heartbeatTicks ? 1 : count;\n',
        replace: '  return count;\n',
      },
    ],
  },
  {
    id: 'S02',
    bug: 'a touch is confirmed by whoever thinks that it leads, without a round of the majority',
    edits: [
      {
        file: `${core}replica/replica.ts`,
        find: "        if (this.#raft.role === 'leader') this.#confirm({ ...message, arrivedTick: this.#tick }, out);\n",
        replace:
          "        out.sendNow.push({ ...this.#header(message.from), kind: 'touch-reply', id: message.id, sessions: this.#leadership.touch({ ...message, arrivedTick: this.#tick }, this.machine) });\n",
      },
      {
        file: `${core}replica/replica.ts`,
        find: "    if (leader === from) this.#confirm({ ...touch, kind: 'touch', from, arrivedTick: this.#tick }, out);\n",
        replace:
          "    if (leader === from) out.notices.push({ kind: 'touched', id: touch.id, sessions: this.#leadership.touch({ ...touch, kind: 'touch', from, arrivedTick: this.#tick }, this.machine) });\n",
      },
    ],
  },
  {
    id: 'S03',
    bug: "a gap in a session's numbers is accepted",
    edits: [
      {
        file: `${core}machine/session-batch.ts`,
        find: '  const start = replies.lastRequest + 1 - firstRequest;\n',
        replace: '  const start = Math.max(replies.lastRequest + 1 - firstRequest, 0);\n',
      },
    ],
  },
  {
    id: 'S04',
    bug: 'apply judges by the limits of its own peer',
    edits: [
      {
        file: `${core}peer/open-peer.ts`,
        find: '    const machine = await restoreMachine(storage, stored);\n',
        replace:
          '    const machine = await restoreMachine(storage, stored);\n    machine.judgeBy(checked.ensembleLimits);\n',
      },
      {
        file: `${core}machine/machine.ts`,
        find: '  /** For reading only. */\n',
        replace:
          '  judgeBy(limits: EnsembleLimits): void {\n    this.#state.limits = limits;\n    this.#state.configured = true;\n  }\n\n  /** For reading only. */\n',
      },
    ],
  },
  {
    id: 'S05',
    bug: 'a request that was answered already is executed again',
    edits: [
      {
        file: `${core}machine/session-batch.ts`,
        find: '  const start = replies.lastRequest + 1 - firstRequest;\n  if (start >= commands.count) return 0;\n',
        replace:
          '  const start = replies.lastRequest >= firstRequest ? 0 : replies.lastRequest + 1 - firstRequest;\n  if (start >= commands.count) return 0;\n',
      },
    ],
  },
  {
    id: 'S06',
    bug: 'the numbers of sequential znodes go back when a child is deleted',
    edits: [
      {
        file: `${core}ops/create.ts`,
        find: 'const createCount = tree.get(parentOf(prefix))?.createCount ?? 0;',
        replace: 'const createCount = tree.get(parentOf(prefix))?.childrenCount ?? 0;',
      },
    ],
  },
  {
    id: 'S07',
    bug: 'a session believes that it lives for half a time-out longer than the ensemble does',
    edits: [
      {
        file: `${core}session/keep-alive.ts`,
        find: 'return nowMs >= this.#confirmedAtMs + this.#timeoutMs * (1 - driftShare);',
        replace: 'return nowMs >= this.#confirmedAtMs + this.#timeoutMs * 1.5;',
      },
      {
        file: `${core}session/keep-alive.ts`,
        find: '    if (sentAtMs > this.#confirmedAtMs) this.#confirmedAtMs = sentAtMs;\n',
        replace: '    if (sentAtMs > 0) this.#confirmedAtMs = this.#link.now();\n',
      },
    ],
  },
  {
    id: 'S08a',
    bug: 'who held a session before its resumption may go on in it',
    edits: [
      {
        file: `${core}machine/session-batch.ts`,
        find: '  if (holder !== session.holder) {\n',
        replace: '  if (holder < 0) {\n',
      },
    ],
  },
  {
    id: 'S08b',
    bug: 'a resumption that arrives late takes the session from a later holder',
    edits: [
      {
        file: `${core}machine/system-commands.ts`,
        find: '  if (session.holder !== op.heldBy) {\n',
        replace: '  if (op.heldBy < 0) {\n',
      },
    ],
  },
  {
    id: 'B65',
    profile: 'trickle',
    bug: 'apply deletes a container because the leader found it empty, whatever came since',
    edits: [
      {
        file: `${core}machine/system-commands.ts`,
        find: "    record.createKind === 'container' &&\n    record.pzxid === op.pzxid &&\n    dueTime(record, state.limits.containerGraceMs) !== undefined;\n",
        replace: "    record.createKind === 'container' && op.pzxid >= 0;\n",
      },
    ],
  },
];
