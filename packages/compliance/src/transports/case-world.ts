/** What a case of a transport has at hand: a network of its own, members and sessions on it, and bounded waiting. */
import type { Logger } from '@quorate/core/ports';
import { ComplianceFailure, expectSame, expectThat } from '../expectations.ts';
import { sleep, until, within } from '../waiting.ts';
import type { TestNetwork, TransportHarness } from './harness.ts';
import { TestDialer, type TestDialerOptions } from './test-dialer.ts';
import { CallStack, TestMember, type TestMemberOptions } from './test-member.ts';

const patienceMsDefault = 10_000;
const quietMsDefault = 50;
const waitingBytesMaxDefault = 134_217_728;
const waitingFramesMaxDefault = 1_000_000;

/** The members that a network is opened for. */
export const memberIds: readonly string[] = ['a', 'b', 'c'];

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

export class CaseWorld {
  readonly network: TestNetwork;
  readonly waitingBytesMax: number;
  readonly waitingFramesMax: number;
  readonly patienceMs: number;
  readonly #quietMs: number;
  readonly #stack = new CallStack();
  readonly #members: TestMember[] = [];
  readonly #dialers: TestDialer[] = [];
  readonly #closings: (() => Promise<unknown>)[] = [];

  private constructor(harness: TransportHarness, network: TestNetwork) {
    this.network = network;
    this.waitingBytesMax = harness.waitingBytesMax ?? waitingBytesMaxDefault;
    this.waitingFramesMax = harness.waitingFramesMax ?? waitingFramesMaxDefault;
    this.patienceMs = harness.patienceMs ?? patienceMsDefault;
    this.#quietMs = harness.quietMs ?? quietMsDefault;
  }

  /** Opens a world, runs the case in it, checks what holds in every case, and closes it in any case. */
  static async within(harness: TransportHarness, run: (world: CaseWorld) => Promise<void>): Promise<void> {
    const world = new CaseWorld(harness, await harness.open(memberIds));
    try {
      await run(world);
      await world.#closeAll();
      world.#checkViolations();
    } finally {
      await world.#closeAll().catch(() => undefined);
      await world.network.close();
    }
  }

  /** A member that has been made and not started. */
  member(id: string, options: TestMemberOptions = {}): TestMember {
    const member = new TestMember(id, this.network.transport(id), { ...options, stack: this.#stack });
    this.#members.push(member);
    this.#closings.push(() => member.close({ abrupt: true }));
    return member;
  }

  async start(id: string, options: TestMemberOptions = {}): Promise<TestMember> {
    const member = this.member(id, options);
    await this.starting(member);
    return member;
  }

  async starting(member: TestMember): Promise<void> {
    const started = member.start(this.network.addresses, silent);
    await within({ what: `${member.id} has started`, patienceMs: this.patienceMs }, started);
  }

  /** Two members that are connected to each other. */
  async pair(
    aOptions: TestMemberOptions = {},
    bOptions: TestMemberOptions = {},
  ): Promise<readonly [TestMember, TestMember]> {
    const a = await this.start('a', aOptions);
    const b = await this.start('b', bOptions);
    await this.connected(a, b);
    return [a, b];
  }

  async connected(...members: readonly TestMember[]): Promise<void> {
    for (const one of members) {
      for (const other of members) {
        if (one === other) continue;
        await this.until(`${one.id} is connected to ${other.id}`, () => one.isConnectedTo(other.id));
      }
    }
  }

  async close(member: TestMember, options?: { readonly abrupt?: boolean }): Promise<void> {
    await within({ what: `${member.id} has closed`, patienceMs: this.patienceMs }, member.close(options));
  }

  /** A session's end that has started and dialled nobody. */
  async dialer(options: TestDialerOptions = {}): Promise<TestDialer> {
    const transport = this.network.sessionTransport?.();
    expectThat(transport !== undefined, 'the harness has a sessionTransport');
    expectThat(transport.startSession !== undefined, 'the transport has startSession');
    const dialer = new TestDialer(transport, { ...options, stack: this.#stack });
    this.#dialers.push(dialer);
    this.#closings.push(() => dialer.close());
    const started = dialer.start(this.network.addresses, silent);
    await within({ what: 'the session has started', patienceMs: this.patienceMs }, started);
    return dialer;
  }

  /** Dials, waits until both ends know, and answers the connection's number at the peer. */
  async dialled(dialer: TestDialer, peer: TestMember): Promise<number> {
    const before = peer.connectionsOpened().length;
    dialer.dial(peer.id);
    await this.until(`the session is connected to ${peer.id}`, () => dialer.isConnected);
    await this.until(`${peer.id} knows of the session`, () => peer.connectionsOpened().length > before);
    return peer.connectionsOpened().at(-1) ?? -1;
  }

  /** Runs when the case is over, before what was started earlier is closed. */
  afterwards(closing: () => Promise<unknown>): void {
    this.#closings.push(closing);
  }

  /** `what` completes "waited in vain until ...". */
  until(what: string, condition: () => boolean): Promise<void> {
    return until({ what, patienceMs: this.patienceMs }, condition);
  }

  within<T>(what: string, promise: Promise<T>): Promise<T> {
    return within({ what, patienceMs: this.patienceMs }, promise);
  }

  /** A while in which something must not happen. */
  quiet(): Promise<void> {
    return sleep(this.#quietMs);
  }

  async #closeAll(): Promise<void> {
    for (const closing of this.#closings.splice(0).toReversed())
      await this.within('all is closed', closing());
  }

  #checkViolations(): void {
    const violations = [...this.#members, ...this.#dialers].flatMap((one) => one.violations);
    expectSame(violations, [], 'what holds in every case');
  }
}

/** What a harness says it can do must be there. */
export function capability<T>(value: T | undefined, name: string): T {
  if (value === undefined) {
    throw new ComplianceFailure(`the network has no ${name}; give the reason under "cannot"`);
  }
  return value;
}
