/**
 * What runs on a host without a peer: a client whose sessions are served by whichever member it reaches, and move when
 * that one is lost.
 */
import { connect } from '@quorate/core';
import type { HostPorts } from '../world/host.ts';
import { runClient } from './clients/client.ts';
import type { Crew } from './member.ts';

/** The main function of such a host; it ends only with its process. */
export function remoteMain(crew: Crew, host: string): (ports: HostPorts) => Promise<void> {
  const { book, clients, history, knobs, resource, world } = crew;
  const peers = Object.fromEntries(knobs.members.map((id) => [id, '']));
  return async ({ clock, logger, random, sleep, transport }) => {
    const { life } = world.host(host);
    if (life === undefined) return;
    crew.clientsCount += 1;
    const name = `${host}${crew.clientsCount}`;
    clients.set(host, [name]);
    await runClient({
      name,
      open: (options) => connect({ ...options, transport, peers, clock, logger, random }),
      knobs,
      stream: world.random(`client:${name}`),
      history,
      resource,
      book,
      life,
      sleep: (delayMs) => sleep(delayMs),
      isQuiet: () => crew.isQuiet,
    });
  };
}
