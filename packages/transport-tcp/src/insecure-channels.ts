/** Channels that prove nothing: for one machine, where every process may be anybody. */
import { connect, type Socket } from 'node:net';
import {
  type ChannelEvents,
  type Channels,
  connectOptions,
  type DialTarget,
  ignoreErrors,
} from './channel.ts';
import type { ChannelFacts } from './handshake.ts';

/** No secret: the handshake is the same, so that it still tells ensembles, members and replays apart. */
const facts: ChannelFacts = { identity: { kind: 'anybody' }, bindingKey: new Uint8Array(32) };

export const insecureChannels: Channels = {
  dial(target: DialTarget, events: ChannelEvents): Socket {
    const socket = connect(connectOptions(target.address));
    ignoreErrors(socket);
    const failed = (error?: Error | boolean): void => {
      socket.off('connect', connected);
      socket.off('error', failed);
      socket.off('close', failed);
      events.failed(error instanceof Error ? error.message : 'the connection ended');
    };
    const connected = (): void => {
      socket.off('error', failed);
      socket.off('close', failed);
      events.open(socket, facts);
    };
    socket.once('connect', connected);
    socket.once('error', failed);
    socket.once('close', failed);
    return socket;
  },

  accept(raw: Socket, events: ChannelEvents): void {
    ignoreErrors(raw);
    queueMicrotask(() => events.open(raw, facts));
  },
};
