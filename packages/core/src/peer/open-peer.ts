/** Starts a peer: checks the options, restores what the storage holds, joins the parts, connects. */
import { CoordinationError } from '../errors.ts';
import { Machine } from '../machine/machine.ts';
import { SnapshotReader } from '../machine/snapshot-reader.ts';
import type { Logger } from '../ports/logger.ts';
import type { Random } from '../ports/random.ts';
import type { Storage, StoredState } from '../ports/storage.ts';
import { Replica } from '../replica/replica.ts';
import { portableChecksum } from '../wire/crc32.ts';
import { notStarted } from './failures.ts';
import { guardLogger } from '../platform/guarded-ports.ts';
import { memoryStorage } from './memory-storage.ts';
import type { PeerObserver } from './observer.ts';
import { type CheckedOptions, checkOptions, ticksPerHeartbeat } from './options.ts';
import type { Peer, PeerOptions } from './peer-types.ts';
import { RunningPeer } from './peer.ts';
import { silentLogger } from '../platform/silent-logger.ts';
import { systemClock } from '../platform/system-clock.ts';
import { systemRandom } from '../platform/system-random.ts';

/** Bytes of a snapshot that are read and decoded at a time while a peer starts. */
const restoreChunkBytes = 256 * 1_024;

/**
 * Starts one member of an ensemble in this process. Resolves when this peer runs; it does not wait for the
 * others (`ready()` does).
 *
 * @param options only `id` is required; more members need `members` and a `transport`.
 * @returns the running peer; `close()` it, or use `await using`.
 * @throws CoordinationError `BAD_ARGUMENTS` for wrong options, `STORAGE_FAILED`, `CORRUPTED` or
 * `UNSUPPORTED_VERSION` when the storage cannot be opened, `FATAL` when anything else fails, the transport say.
 *
 * @example
 * const peer = await openPeer({ id: 'a' });
 * const session = await peer.openSession();
 * await session.create('/greeting', 'hello');
 */
export async function openPeer(options: PeerOptions): Promise<Peer> {
  return await openObservedPeer(options, undefined);
}

/** The same as openPeer, with somebody who watches every step: for simulators and inspectors. */
export async function openObservedPeer(
  options: PeerOptions,
  observer: PeerObserver | undefined,
): Promise<Peer> {
  const checked = checkOptions(options);
  try {
    return await start(checked, options, observer);
  } catch (error) {
    throw notStarted('FATAL', error);
  }
}

async function start(
  checked: CheckedOptions,
  options: PeerOptions,
  observer: PeerObserver | undefined,
): Promise<Peer> {
  const clock = options.clock ?? systemClock();
  const random = options.random ?? systemRandom();
  const logger = guardLogger(options.logger ?? silentLogger());
  const storage = options.storage ?? memoryStorage();
  const { id, ensemble, members } = checked;
  const owner = { member: id, ensemble, incarnation: newIncarnation(random) };
  const stored = await ofStorage(() => storage.open(owner));
  try {
    const machine = await restoreMachine(storage, stored);
    const replica = new Replica(replicaConfig(checked, stored.incarnation, random), stored, machine);
    if (stored.damage !== undefined) judgeDamage(stored.damage, replica, logger);
    observer?.opened(replica, stored);
    const votersCount = Object.keys(members).length;
    if (votersCount % 2 === 0) {
      logger.warn({ votersCount }, 'an even number of voters survives no more failures than one voter less');
    }
    const { transport } = options;
    const checksum = transport?.checksum ?? portableChecksum();
    const ports = { clock, random, logger, storage, transport, checksum };
    const peer = new RunningPeer({ checked, incarnation: stored.incarnation, replica, observer, ...ports });
    await peer.start();
    return peer;
  } catch (error) {
    // Why it did not start matters more than how the storage took it.
    await ofStorage(() => storage.close()).catch(() => undefined);
    throw error;
  }
}

/**
 * A member whose storage is damaged may have promised what is gone. Others that hold it can give it back: it comes
 * back as a member that lost its data (raft/admission.ts), except that it still has the intact part. Alone, it
 * would lose without a word what it acknowledged.
 */
function judgeDamage(damage: string, replica: Replica, logger: Logger): void {
  const { voters } = replica.raft.membership;
  if (voters.length > 1) {
    logger.error(
      { damage },
      'the storage is damaged: this member counts again when its ensemble has admitted it',
    );
    return;
  }
  const whatToDo = 'restore a copy of it, or export what is intact and begin anew (docs/guides/repair.md)';
  throw new CoordinationError('CORRUPTED', { details: { reason: `${damage}; ${whatToDo}` } });
}

/** What the storage refuses, or throws, is `STORAGE_FAILED` unless it says something more exact. */
async function ofStorage<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw notStarted('STORAGE_FAILED', error);
  }
}

function replicaConfig(
  checked: CheckedOptions,
  incarnation: number,
  random: Random,
): ConstructorParameters<typeof Replica>[0] {
  const { peerLimits } = checked;
  return {
    ...peerLimits,
    ensembleLimits: checked.ensembleLimits,
    raft: {
      ...peerLimits,
      id: checked.id,
      incarnation,
      members: checked.members,
      heartbeatTicks: ticksPerHeartbeat,
      electionTicks: Math.ceil(checked.electionTimeoutMs / checked.tickMs),
      tickMs: checked.tickMs,
      randomU32: () => random.u32(),
    },
  };
}

/** A random safe integer above 0: names one life of a member's storage. */
function newIncarnation(random: Random): number {
  return (random.u32() % 0x1f_ffff) * 0x1_0000_0000 + random.u32() + 1;
}

/** The state of the newest complete snapshot; the log after it is applied by the replica. */
async function restoreMachine(storage: Storage, stored: StoredState): Promise<Machine> {
  const { snapshot } = stored;
  if (snapshot === undefined) return new Machine();
  const reader = new SnapshotReader();
  let offset = 0;
  for (;;) {
    const range = { offset, length: restoreChunkBytes };
    const read = await ofStorage(() => storage.readSnapshot(snapshot, range));
    if (read === undefined || (read.bytes.length === 0 && !read.last)) {
      throw new CoordinationError('CORRUPTED', { details: { reason: 'the stored snapshot ends too early' } });
    }
    reader.push(read.bytes);
    offset += read.bytes.length;
    if (read.last) break;
  }
  return reader.finish();
}
