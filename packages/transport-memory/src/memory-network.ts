/** A network in one process: a transport for each peer, and for tests the ways to disturb it. */
import { CoordinationError } from '@quorate/core';
import type { Transport } from '@quorate/core/ports';
import { checkedFaults, type Faults } from './faults.ts';
import { MemoryTransport } from './memory-transport.ts';
import { platformChecksum } from './platform.ts';
import { Switchboard } from './switchboard.ts';

/** How a network behaves; each field has a default. */
export interface MemoryNetworkOptions {
  /** Decides what becomes of each frame. Default: all are delivered. If it throws, `send` throws. */
  readonly faults?: Faults;
  /**
   * Frames waiting from one member to another, default 8,192. When it is reached, `send` answers false and the
   * frame is lost: low values cost retries, high ones memory while a peer is busy.
   */
  readonly queueFramesMax?: number;
  /** Bytes waiting from one member to another, default 64 MiB; a single frame may exceed it. */
  readonly queueBytesMax?: number;
}

/** How a member is cut off. */
export interface IsolateOptions {
  /**
   * True (default): frames vanish and nobody is told, as in a real partition. False: connections break, and both
   * ends are told, as when a cable's link goes down.
   */
  readonly silent?: boolean;
}

/** How two members are cut apart. */
export interface CutOptions extends IsolateOptions {
  /** True: only frames from the first to the second vanish. Default false. Needs a silent cut. */
  readonly oneWay?: boolean;
}

/** Who takes a transport. */
export interface MemoryTransportOptions {
  /**
   * What `cut`, `isolate` and `faults` call a session that has no replica (`connect`). Default `session-1`,
   * `session-2` and so on, in the order in which transports were asked for. A peer has its member id instead.
   */
  readonly sessionName?: string;
}

/** Members are named by the ids of their peers; addresses play no role. */
export interface MemoryNetwork {
  /** A transport for one peer, or for one session without a replica. A restarted one takes a new one. */
  transport(options?: MemoryTransportOptions): Transport;
  /** Cuts what lies between two members until {@link MemoryNetwork.heal}, also for peers that start later. */
  cut(a: string, b: string, options?: CutOptions): void;
  /** Cuts a member from all others, also from those that start later. */
  isolate(member: string, options?: IsolateOptions): void;
  /** Ends all cuts. Connections that were broken come back; what was lost stays lost. */
  heal(): void;
}

const queueFramesMaxDefault = 8_192;
const queueBytesMaxDefault = 64 * 1_024 * 1_024;

/**
 * A network that joins peers of this process.
 *
 * @example
 * const network = memoryNetwork();
 * const peer = await openPeer({ id: 'a', members: { a: '', b: '', c: '' }, transport: network.transport() });
 */
export function memoryNetwork(options: MemoryNetworkOptions = {}): MemoryNetwork {
  const switchboard = new Switchboard({
    faults: options.faults === undefined ? undefined : checkedFaults(options.faults),
    queueFramesMax: checkedBound('queueFramesMax', options.queueFramesMax ?? queueFramesMaxDefault),
    queueBytesMax: checkedBound('queueBytesMax', options.queueBytesMax ?? queueBytesMaxDefault),
  });
  const checksum = platformChecksum();
  let transportsCount = 0;
  return {
    transport({ sessionName } = {}) {
      transportsCount += 1;
      return new MemoryTransport(switchboard, checksum, sessionName ?? `session-${transportsCount}`);
    },
    cut: (a, b, cutOptions = {}) => cut(switchboard, { a, b, ...cutOptions }),
    isolate(member, { silent = true } = {}) {
      switchboard.partitions.isolate(member, silent ? 'silent' : 'broken');
      switchboard.settle();
    },
    heal() {
      switchboard.partitions.heal();
      switchboard.settle();
    },
  };
}

function cut(
  switchboard: Switchboard,
  options: CutOptions & { readonly a: string; readonly b: string },
): void {
  const { a, b, silent = true, oneWay = false } = options;
  if (a === b) throw badArgument('b', 'a member has no link to itself');
  if (oneWay && !silent) throw badArgument('oneWay', 'a connection does not break in one direction only');
  const kind = silent ? 'silent' : 'broken';
  switchboard.partitions.cut(a, b, kind);
  if (!oneWay) switchboard.partitions.cut(b, a, kind);
  switchboard.settle();
}

function checkedBound(argument: string, value: number): number {
  if (value >= 1) return value;
  throw badArgument(argument, `${value} leaves room for nothing`);
}

function badArgument(argument: string, reason: string): CoordinationError {
  return new CoordinationError('BAD_ARGUMENTS', { details: { argument, reason } });
}
