/** What the supervisor and the processes of a run tell each other. */
import type { OperationRecord, SessionRecord, WatchRecord } from '@quorate/simulator';
import type { PositionsOf } from './positions.ts';

export interface PeerSettings {
  readonly id: string;
  readonly members: Readonly<Record<string, string>>;
  readonly directory: string;
  readonly logFile: string;
}

/** `status` answers any message. */
export type PeerReport =
  | { readonly kind: 'leader'; readonly leader: string | undefined; readonly term: number }
  | { readonly kind: 'fatal'; readonly reason: string }
  | {
      readonly kind: 'status';
      readonly zxid: number;
      readonly digest: string;
      readonly znodesCount: number;
    };

export interface ClientSettings {
  readonly name: string;
  readonly peers: Readonly<Record<string, string>>;
  readonly positions: PositionsOf;
  /** Of the run, as text. */
  readonly seed: string;
  readonly sessionsCount: number;
  /** Calls that each session keeps going at a time. */
  readonly lanesCount: number;
  /** Mean pause between two calls of one lane. */
  readonly pauseMs: number;
  /** Where its history goes when it is told to stop. */
  readonly historyFile: string;
}

/** What a process has recorded, as it is written to its file. */
export interface RecordedHistory {
  readonly operations: readonly OperationRecord[];
  readonly watches: readonly WatchRecord[];
  readonly sessions: readonly SessionRecord[];
}
