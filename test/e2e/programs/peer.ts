/** One peer of a run. Its committed entries go into a file as it learns of them; it ends when its parent lets go of it. */
import { openSync, writeSync } from 'node:fs';
import { serialize } from 'node:v8';
import { openObservedPeer, type PeerObserver, type Replica } from '@quorate/core/inspect';
import { fileStorage } from '@quorate/storage-file';
import { tcpTransport } from '@quorate/transport-tcp';
import type { PeerReport, PeerSettings } from '../processes/messages.ts';

/** Writes what is committed before the step's output is performed, and so before anybody is answered. */
class CommitWriter implements PeerObserver {
  readonly #file: number;
  #replica: Replica | undefined;
  #writtenIndex = 0;

  constructor(path: string) {
    this.#file = openSync(path, 'a');
  }

  opened(replica: Replica): void {
    this.#replica = replica;
  }

  stepped(): void {
    const raft = this.#replica?.raft;
    if (raft === undefined) return;
    const records: Buffer[] = [];
    for (let index = this.#writtenIndex + 1; index <= raft.commitIndex; index += 1) {
      // What came by a snapshot, another peer has written.
      if (index >= raft.firstIndex) records.push(...recordOf(raft.entryAt(index)));
      this.#writtenIndex = index;
    }
    if (records.length > 0) writeSync(this.#file, Buffer.concat(records));
  }

  sent(): void {}
}

function recordOf(entry: unknown): readonly Buffer[] {
  const bytes = serialize(entry);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return [length, bytes];
}

const { id, members, directory, logFile } = JSON.parse(process.argv[2] ?? '{}') as PeerSettings;
const tell = (report: PeerReport): void => {
  // The parent may be gone.
  process.send?.(report, undefined, undefined, () => undefined);
};
const peer = await openObservedPeer(
  { id, members, transport: tcpTransport({ insecure: true }), storage: fileStorage({ directory }) },
  new CommitWriter(logFile),
);
peer.on('leader', ({ leader, term }) => tell({ kind: 'leader', leader, term }));
peer.on('fatal', ({ message }) => tell({ kind: 'fatal', reason: message }));
process.on('message', () => {
  const { zxid, digest, znodesCount } = peer.status();
  tell({ kind: 'status', zxid, digest, znodesCount });
});
process.once('disconnect', () => void peer.close({ graceful: false }));
