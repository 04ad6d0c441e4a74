/** The processes of a run and the links between them. Only the supervisor reaches the peers without a proxy. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { streamOf } from '@quorate/simulator';
import { Links } from './links/links.ts';
import { freePorts } from './processes/free-ports.ts';
import type { ClientSettings } from './processes/messages.ts';
import { PeerProcess } from './processes/peer-process.ts';

export const ids: readonly string[] = ['a', 'b', 'c'];
export const clientNames: readonly string[] = ['x', 'y'];

export interface World {
  readonly peers: readonly PeerProcess[];
  readonly links: Links;
  /** Where the peers listen. */
  readonly addresses: Readonly<Record<string, string>>;
  /** As far as anybody has told. */
  readonly leader: () => string;
  readonly term: () => number;
  startClients(): Promise<readonly ChildProcess[]>;
}

export interface WorldParts {
  readonly folder: string;
  readonly seed: bigint;
  readonly startedAt: string;
}

export async function openWorld({ folder, seed, startedAt }: WorldParts): Promise<World> {
  const links = new Links(streamOf(seed, 'links'));
  const ports = await freePorts(ids.length);
  const known = { leader: '', term: 0 };
  const reachedFrom = async (from: string): Promise<Record<string, string>> => {
    const found: Record<string, string> = {};
    for (const [at, id] of ids.entries()) {
      const port = ports[at] ?? 0;
      found[id] = id === from ? `127.0.0.1:${port}` : await links.open(from, id, port);
    }
    return found;
  };
  const peers: PeerProcess[] = [];
  for (const id of ids) {
    peers.push(
      new PeerProcess({ id, members: await reachedFrom(id), folder }, (leader, term) => {
        if (term >= known.term) Object.assign(known, { leader, term });
      }),
    );
  }
  for (const peer of peers) peer.start();
  return {
    peers,
    links,
    addresses: Object.fromEntries(ids.map((id, at) => [id, `127.0.0.1:${ports[at]}`])),
    leader: () => known.leader,
    term: () => known.term,
    async startClients() {
      const clients: ChildProcess[] = [];
      for (const [at, name] of clientNames.entries()) {
        const settings: ClientSettings = {
          name,
          peers: await reachedFrom(name),
          positions: { startedAt, writer: at + 1 },
          seed: `${seed}`,
          sessionsCount: 3,
          lanesCount: 8,
          pauseMs: 30,
          historyFile: join(folder, `${name}.history`),
        };
        clients.push(fork(new URL('programs/client.js', import.meta.url), [JSON.stringify(settings)]));
      }
      return clients;
    },
  };
}
