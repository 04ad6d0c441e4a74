/** What {@link connect} is asked, and the checks of it: types are no guard at run time. */
import { defaultPeerLimits, type PeerLimits } from '../limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Random } from '../ports/random.ts';
import type { Transport } from '../ports/transport.ts';
import type { SessionOptions } from '../session/api-types.ts';
import { badArgument, optionsOf } from '../session/arguments.ts';
import { readSessionOptions, type AskedSession } from '../session/session-options.ts';

/** How {@link connect} reaches an ensemble. `transport` and `peers` are required. */
export interface ConnectOptions extends SessionOptions {
  /** One that carries sessions; it serves this session only, and the session closes its end of it. */
  readonly transport: Transport;
  /** Peers that may serve the session, id to address for the transport; at least one. More survive more failures. */
  readonly peers: Readonly<Record<string, string>>;
  /** Name of the ensemble. Default `'quorate'`. */
  readonly ensemble?: string;
  /** Bounds of this process that differ from the defaults in limits.ts. Those of the serving peer hold besides. */
  readonly limits?: Partial<Pick<PeerLimits, SessionLimit>>;
  /** Default: silent. */
  readonly logger?: Logger;
  /** Default: the platform's clock. */
  readonly clock?: Clock;
  /** Default: the platform's cryptographic randomness. */
  readonly random?: Random;
}

/** Limits that matter to a session without a replica. */
type SessionLimit =
  | 'sessionRequestsInFlightMax'
  | 'sessionBytesInFlightMax'
  | 'batchCommandsMax'
  | 'batchBytesMax'
  | 'frameBytesMax'
  | 'watchQueueMax'
  | 'watchesPerSessionMax';

const sessionLimits: readonly SessionLimit[] = [
  'sessionRequestsInFlightMax',
  'sessionBytesInFlightMax',
  'batchCommandsMax',
  'batchBytesMax',
  'frameBytesMax',
  'watchQueueMax',
  'watchesPerSessionMax',
];

export interface CheckedConnect extends AskedSession {
  readonly peers: Readonly<Record<string, string>>;
  readonly ensemble: string;
  readonly limits: PeerLimits;
}

const nameCharactersMax = 256;
const peersMax = 1_000;

export function checkConnect(options: ConnectOptions): CheckedConnect {
  const asked: Record<keyof ConnectOptions, unknown> | undefined = optionsOf(options);
  const transport = asked?.transport as Partial<Transport> | null | undefined;
  if (typeof transport?.startSession !== 'function') {
    throw badArgument('transport', 'it is no transport that carries sessions');
  }
  const ensemble = asked?.ensemble ?? 'quorate';
  checkName('ensemble', ensemble);
  return {
    ensemble,
    peers: checkPeers(asked?.peers),
    limits: checkLimits(asked?.limits),
    ...readSessionOptions(options),
  };
}

function checkPeers(peers: unknown): Readonly<Record<string, string>> {
  if (typeof peers !== 'object' || peers === null)
    throw badArgument('peers', 'not an object of id to address');
  const entries: [string, unknown][] = Object.entries(peers);
  if (entries.length === 0 || entries.length > peersMax) {
    throw badArgument('peers', `not 1 to ${peersMax} peers`);
  }
  const checked: Record<string, string> = {};
  for (const [id, address] of entries) {
    checkName('peers', id);
    if (typeof address !== 'string') throw badArgument('peers', 'an address is not a text');
    checked[id] = address;
  }
  return Object.freeze(checked);
}

function checkLimits(limits: unknown): PeerLimits {
  if (limits === undefined) return defaultPeerLimits;
  if (typeof limits !== 'object' || limits === null) throw badArgument('limits', 'not an object');
  for (const [name, value] of Object.entries(limits)) {
    if (!sessionLimits.some((known) => known === name))
      throw badArgument(`limits.${name}`, 'no such limit here');
    if (!Number.isSafeInteger(value) || value < 1)
      throw badArgument(`limits.${name}`, 'not an integer above 0');
  }
  return Object.freeze({ ...defaultPeerLimits, ...limits });
}

function checkName(argument: string, name: unknown): asserts name is string {
  if (typeof name !== 'string' || name.length === 0 || name.length > nameCharactersMax) {
    throw badArgument(argument, `not a text of 1 to ${nameCharactersMax} characters`);
  }
}
