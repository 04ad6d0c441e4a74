/** A harness for the memory network in which members can also crash and stall, as far as one process can show it. */
import type { Transport } from '@quorate/core/ports';
import { memoryNetwork, type MemoryNetworkOptions } from '@quorate/transport-memory';
import type { TestNetwork, TransportHarness } from '../../src/index.ts';
import { changed } from './doctor.ts';

export interface HarnessOptions {
  readonly doctor?: () => (transport: Transport) => Transport;
  readonly patienceMs?: number;
  readonly network?: MemoryNetworkOptions;
  /** Most frames that wait for a stalled member; Infinity: no bound. */
  readonly stalledFramesMax?: number;
}

export const waitingFramesMax = 4_000;
export const waitingBytesMax: number = 4 * 1_024 * 1_024;

/** Frames for stalled members wait here, in front of the network. */
class Stalls {
  readonly #waiting = new Map<string, (() => void)[]>();
  readonly #framesMax: number;

  constructor(framesMax: number) {
    this.#framesMax = framesMax;
  }

  stall(member: string): () => void {
    this.#waiting.set(member, []);
    return () => {
      const waiting = this.#waiting.get(member) ?? [];
      this.#waiting.delete(member);
      for (const send of waiting) send();
    };
  }

  wrap(transport: Transport): Transport {
    return changed(transport, {
      send: (send, to, bytes) => {
        const waiting = this.#waiting.get(to);
        if (waiting === undefined) return send(to, bytes);
        if (waiting.length >= this.#framesMax) return false;
        waiting.push(() => void send(to, bytes));
        return true;
      },
    });
  }
}

export function memoryHarness(options: HarnessOptions = {}): TransportHarness {
  return {
    open: async (members) => openNetwork(members, options),
    waitingBytesMax,
    waitingFramesMax,
    patienceMs: options.patienceMs ?? 300,
    quietMs: 30,
  };
}

function openNetwork(members: readonly string[], options: HarnessOptions): TestNetwork {
  const network = memoryNetwork({
    queueFramesMax: waitingFramesMax,
    queueBytesMax: waitingBytesMax,
    ...options.network,
  });
  const stalls = new Stalls(options.stalledFramesMax ?? 20);
  const doctor = options.doctor?.() ?? ((transport: Transport) => transport);
  const latest = new Map<string, Transport>();
  return {
    addresses: Object.fromEntries(members.map((member) => [member, ''])),
    transport(member) {
      const transport = network.transport();
      latest.set(member, transport);
      return doctor(stalls.wrap(transport));
    },
    sessionTransport: () => doctor(network.transport()),
    break(a, b) {
      network.cut(a, b, { silent: false });
      network.heal();
    },
    stall: async (member) => stalls.stall(member),
    crash: async (member) => latest.get(member)?.close({ abrupt: true }),
    close: async () => undefined,
  };
}
