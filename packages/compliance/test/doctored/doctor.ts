/** Wraps a sound transport so that it does one thing wrong: what a suite is for is to notice that. */
import type {
  DialerEvents,
  SessionDialer,
  Transport,
  TransportEvents,
  TransportOwner,
} from '@quorate/core/ports';

export interface Doctor {
  /** The one thing that is wrong with it. */
  readonly does: string;
  /** Titles of the cases that must notice, as a beginning of each. */
  readonly caughtBy: readonly string[];
  /** What those cases must say. */
  readonly saying: RegExp;
  /** Called once a network, so that its transports may share something. */
  readonly doctor: () => (transport: Transport) => Transport;
  readonly patienceMs?: number;
}

/** What differs from the sound transport. */
export interface Changes {
  readonly owner?: (owner: TransportOwner) => TransportOwner;
  readonly events?: (events: TransportEvents, owner: TransportOwner) => TransportEvents;
  readonly start?: (start: () => Promise<void>) => Promise<void>;
  readonly send?: (send: Transport['send'], to: string, bytes: Uint8Array) => boolean;
  readonly close?: (close: Transport['close'], options: { abrupt?: boolean } | undefined) => Promise<void>;
  readonly sendToSession?: (
    send: (connection: number, bytes: Uint8Array) => boolean,
    connection: number,
    bytes: Uint8Array,
  ) => boolean;
  readonly hangUpSession?: (hangUp: (connection: number) => void, connection: number) => void;
  readonly dialerEvents?: (events: DialerEvents) => DialerEvents;
  readonly dialer?: (dialer: SessionDialer, events: DialerEvents) => Partial<SessionDialer>;
}

export function changed(sound: Transport, changes: Changes): Transport {
  const send: Transport['send'] = (to, bytes) => sound.send(to, bytes);
  const close: Transport['close'] = (options) => sound.close(options);
  const toSession = (connection: number, bytes: Uint8Array): boolean =>
    sound.sendToSession?.(connection, bytes) ?? false;
  const hangUp = (connection: number): void => sound.hangUpSession?.(connection);
  return {
    start(given, events) {
      const owner = changes.owner?.(given) ?? given;
      const begin = (): Promise<void> => sound.start(owner, changes.events?.(events, owner) ?? events);
      return changes.start?.(begin) ?? begin();
    },
    send: (to, bytes) => (changes.send === undefined ? send(to, bytes) : changes.send(send, to, bytes)),
    close: (options) => changes.close?.(close, options) ?? close(options),
    sendToSession: (connection, bytes) =>
      changes.sendToSession === undefined
        ? toSession(connection, bytes)
        : changes.sendToSession(toSession, connection, bytes),
    hangUpSession: (connection) =>
      changes.hangUpSession === undefined ? hangUp(connection) : changes.hangUpSession(hangUp, connection),
    async startSession(owner, events) {
      const dialer = await sound.startSession?.(owner, changes.dialerEvents?.(events) ?? events);
      if (dialer === undefined) throw new TypeError('the sound transport carries sessions');
      const plain: SessionDialer = {
        dial: (peer) => dialer.dial(peer),
        send: (bytes) => dialer.send(bytes),
        hangUp: () => dialer.hangUp(),
        keepAlive: (alive) => dialer.keepAlive(alive),
        close: () => dialer.close(),
      };
      return { ...plain, ...changes.dialer?.(plain, events) };
    },
  };
}
