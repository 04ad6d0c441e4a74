/** Checks the options of openPeer, together where they depend on each other, and fills in the defaults. */
import { CoordinationError } from '../errors.ts';
import {
  defaultEnsembleLimits,
  defaultPeerLimits,
  type EnsembleLimits,
  frameReserveBytes,
  type Limits,
  type PeerLimits,
} from '../limits.ts';
import type { PeerOptions } from './peer-types.ts';

export interface CheckedOptions {
  readonly id: string;
  readonly ensemble: string;
  readonly members: Readonly<Record<string, string>>;
  readonly heartbeatMs: number;
  readonly electionTimeoutMs: number;
  /** The brain's unit of time: a fifth of a heartbeat, fine enough to stagger candidates below one. */
  readonly tickMs: number;
  readonly ensembleLimits: EnsembleLimits;
  readonly peerLimits: PeerLimits;
}

const heartbeatMsDefault = 50;
const electionTimeoutMsDefault = 250;
const ticksPerHeartbeat = 5;
const idCharactersMax = 256;
const membersMax = 1_000;

export function checkOptions(options: PeerOptions): CheckedOptions {
  if (typeof options !== 'object' || options === null) bad('options', 'not an object');
  const { id, ensemble = 'quorate' } = options;
  checkName('id', id);
  checkName('ensemble', ensemble);
  const members = options.members ?? { [id]: '' };
  checkMembers(id, members);
  if (Object.keys(members).length > 1 && options.transport === undefined) {
    bad('transport', 'needed with more than one member');
  }
  const heartbeatMs = options.timing?.heartbeatMs ?? heartbeatMsDefault;
  const electionTimeoutMs =
    options.timing?.electionTimeoutMs ?? Math.max(electionTimeoutMsDefault, 5 * heartbeatMs);
  checkRange('timing.heartbeatMs', heartbeatMs, [5, 10_000]);
  checkRange('timing.electionTimeoutMs', electionTimeoutMs, [15, 60_000]);
  if (electionTimeoutMs < 3 * heartbeatMs) {
    bad(
      'timing.electionTimeoutMs',
      `below 3 heartbeats of ${heartbeatMs} ms: a lost heartbeat would start an election`,
    );
  }
  const { ensembleLimits, peerLimits } = checkLimits(options.limits ?? {});
  return {
    id,
    ensemble,
    members: Object.freeze({ ...members }),
    heartbeatMs,
    electionTimeoutMs,
    tickMs: heartbeatMs / ticksPerHeartbeat,
    ensembleLimits,
    peerLimits,
  };
}

export { ticksPerHeartbeat };

function checkName(argument: string, name: unknown): void {
  if (typeof name !== 'string' || name.length === 0 || name.length > idCharactersMax) {
    bad(argument, `not a text of 1 to ${idCharactersMax} characters`);
  }
}

function checkMembers(id: string, members: Readonly<Record<string, string>>): void {
  if (typeof members !== 'object' || members === null) bad('members', 'not an object of id to address');
  const ids = Object.keys(members);
  if (ids.length > membersMax) bad('members', `more than ${membersMax}`);
  for (const member of ids) checkName('members', member);
  if (Object.values(members).some((address) => typeof address !== 'string'))
    bad('members', 'an address is not a text');
  if (!Object.hasOwn(members, id))
    bad('members', `this peer's own id ${JSON.stringify(id)} is not among them`);
}

function checkLimits(limits: Partial<Limits>): { ensembleLimits: EnsembleLimits; peerLimits: PeerLimits } {
  const known = { ...defaultEnsembleLimits, ...defaultPeerLimits };
  for (const [name, value] of Object.entries(limits)) {
    if (!Object.hasOwn(known, name)) bad(`limits.${name}`, 'no such limit');
    if (!Number.isSafeInteger(value) || value < 1) bad(`limits.${name}`, 'not an integer above 0');
  }
  const ensembleLimits = pick(defaultEnsembleLimits, limits);
  const peerLimits = pick(defaultPeerLimits, limits);
  if (ensembleLimits.sessionTimeoutMsMin > ensembleLimits.sessionTimeoutMsMax) {
    bad('limits.sessionTimeoutMsMin', 'above sessionTimeoutMsMax');
  }
  checkFrames(ensembleLimits, peerLimits);
  return { ensembleLimits, peerLimits };
}

/** Whatever may be in one frame must fit: a command at the end of a batch, an append, a chunk of a snapshot. */
function checkFrames(ensembleLimits: EnsembleLimits, peerLimits: PeerLimits): void {
  const { valueBytesMax, multiBytesMax } = ensembleLimits;
  const { batchBytesMax, appendBytesMax, snapshotChunkBytes, frameBytesMax } = peerLimits;
  const bodies = {
    valueBytesMax: batchBytesMax + valueBytesMax,
    multiBytesMax: batchBytesMax + multiBytesMax,
    appendBytesMax,
    snapshotChunkBytes,
  };
  for (const [name, byteCount] of Object.entries(bodies)) {
    if (byteCount + frameReserveBytes <= frameBytesMax) continue;
    bad(`limits.${name}`, `what it allows would not fit into a frame (frameBytesMax = ${frameBytesMax})`);
  }
}

function pick<T extends object>(defaults: T, given: Partial<Limits>): T {
  const own = Object.entries(given).filter(([name]) => Object.hasOwn(defaults, name));
  return Object.freeze({ ...defaults, ...Object.fromEntries(own) });
}

function checkRange(argument: string, value: number, [least, most]: readonly [number, number]): void {
  if (!Number.isFinite(value) || value < least || value > most) bad(argument, `not from ${least} to ${most}`);
}

function bad(argument: string, reason: string): never {
  throw new CoordinationError('BAD_ARGUMENTS', { details: { argument, reason } });
}
