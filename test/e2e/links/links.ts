/** All links of a run: one proxy for each process and each peer that it dials, and the conditions of both directions. */
import type { RandomStream } from '@quorate/simulator';
import { goodConditions, type LinkConditions } from './flow.ts';
import { LinkProxy } from './link-proxy.ts';

const keyOf = (from: string, to: string): string => `${from}>${to}`;

export class Links {
  readonly #stream: RandomStream;
  readonly #conditions = new Map<string, LinkConditions>();
  readonly #proxies = new Map<string, LinkProxy>();

  constructor(stream: RandomStream) {
    this.#stream = stream;
  }

  /** The address at which `from` finds `to`, which listens at `port`. */
  async open(from: string, to: string, port: number): Promise<string> {
    const proxy = new LinkProxy({
      port,
      there: () => this.#of(from, to),
      back: () => this.#of(to, from),
      stream: this.#stream,
    });
    this.#proxies.set(keyOf(from, to), proxy);
    return await proxy.listen();
  }

  /** In this direction, whoever dialled. */
  worsen(from: string, to: string, conditions: Partial<LinkConditions>): void {
    this.#conditions.set(keyOf(from, to), { ...this.#of(from, to), ...conditions });
  }

  /** Both ends are told, and do not find each other again. */
  cut(one: string, other: string): void {
    this.worsen(one, other, { isCut: true });
    for (const proxy of this.#between(one, other)) proxy.breakAll();
  }

  halfOpen(one: string, other: string): void {
    for (const proxy of this.#between(one, other)) proxy.halfOpenAll();
  }

  healAll(): void {
    this.#conditions.clear();
    for (const proxy of this.#proxies.values()) proxy.breakDamaged();
  }

  close(): void {
    for (const proxy of this.#proxies.values()) proxy.close();
  }

  #of(from: string, to: string): LinkConditions {
    return this.#conditions.get(keyOf(from, to)) ?? goodConditions;
  }

  #between(one: string, other: string): readonly LinkProxy[] {
    return [keyOf(one, other), keyOf(other, one)].flatMap((key) => this.#proxies.get(key) ?? []);
  }
}
