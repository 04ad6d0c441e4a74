import { describe, expect, test } from 'vitest';
import { BatchBuilder, decodeBatch, type SessionBatch } from '../codec/batch.ts';
import { defaultPeerLimits } from '../limits.ts';
import type { AppliedItem } from '../machine/contract.ts';
import type { ProposedBatch } from '../replica/contract.ts';
import type { LinkEvents } from '../session/link.ts';
import { LocalLink } from './local-link.ts';
import type { SessionHub } from './session-hub.ts';

const retryMs = 100;
const sessionId = 7;
const holder = 3;

/** A hub that only notes what is sent, and a session that only notes what it hears. */
class Setup {
  nowMs = 0;
  isReachable = true;
  sent: SessionBatch[] = [];
  heard: string[] = [];
  readonly link: LocalLink;

  constructor() {
    const hub = {
      limits: defaultPeerLimits,
      retryMs,
      now: () => this.nowMs,
      attach: () => undefined,
      detach: () => void this.heard.push('detached'),
      pendingChanged: (isPending: boolean) => void this.heard.push(`pending ${isPending}`),
      send: ({ bytes }: ProposedBatch) => {
        const batch = decodeBatch(bytes, 0, bytes.length);
        if (batch?.kind === 'session') this.sent.push(batch);
      },
    };
    Object.defineProperty(hub, 'isReachable', { get: () => this.isReachable });
    this.link = new LocalLink(hub as unknown as SessionHub, { sessionId, holder });
    const events: LinkEvents = {
      replies: (first, replies) => void this.heard.push(`replies ${first}+${replies.length}`),
      durable: (index) => void this.heard.push(`durable ${index}`),
      reachable: (isReachable) => void this.heard.push(`reachable ${isReachable}`),
      confirmed: (sentAtMs) => void this.heard.push(`confirmed ${sentAtMs}`),
      ended: (code) => void this.heard.push(code),
      failed: (code) => void this.heard.push(code),
    };
    this.link.open(events);
  }

  submit(firstRequest: number, requestCount: number): void {
    const builder = new BatchBuilder();
    for (let request = 0; request < requestCount; request += 1) builder.add({ kind: 'noop' });
    const bytes = builder.finish({ sessionId, holder, firstRequest, acknowledgedThrough: 0 });
    this.link.submit({ bytes, firstRequest, requestCount, announceDurable: false });
  }

  applied(item: Partial<AppliedItem> & { kind: AppliedItem['kind'] }): void {
    this.link.applied({ sessionId, holder, ...item } as AppliedItem, 1);
  }

  answer(firstRequest: number, count: number): void {
    const reply = { zxid: 1, result: { kind: 'none' } } as const;
    this.applied({ kind: 'replies', firstRequest, replies: Array.from({ length: count }, () => reply) });
  }

  /** What was sent since the last look: first request, and how many. */
  took(): readonly string[] {
    const { sent } = this;
    this.sent = [];
    return sent.map(({ firstRequest, ops }) => `${firstRequest}+${ops.length}`);
  }

  tickAt(nowMs: number): void {
    this.nowMs = nowMs;
    this.link.tick(nowMs);
  }
}

describe('LocalLink', () => {
  test('sends a batch at once, and again when it stays unanswered', () => {
    const setup = new Setup();
    setup.submit(1, 2);
    expect(setup.took()).toEqual(['1+2']);
    setup.tickAt(retryMs - 1);
    expect(setup.took()).toEqual([]);
    setup.tickAt(retryMs);
    expect(setup.took()).toEqual(['1+2']);
    setup.tickAt(2 * retryMs - 1);
    expect(setup.took()).toEqual([]);
    setup.answer(1, 2);
    setup.tickAt(10 * retryMs);
    expect(setup.took()).toEqual([]);
    expect(setup.heard).toEqual(['reachable true', 'replies 1+2']);
  });

  test('keeps batches while no leader is known: a request is unsent until then', () => {
    const setup = new Setup();
    setup.isReachable = false;
    setup.submit(1, 2);
    expect(setup.took()).toEqual([]);
    expect([1, 2, 3].map((request) => setup.link.isUnsent(request))).toEqual([true, true, false]);
    setup.tickAt(10 * retryMs);
    expect(setup.took()).toEqual([]);
    setup.isReachable = true;
    setup.link.reachable(true);
    expect(setup.took()).toEqual(['1+2']);
    expect(setup.link.isUnsent(1)).toBe(false);
  });

  test('answers a gap once, however many batches are told of it, and by the clock if that was lost', () => {
    const setup = new Setup();
    for (const first of [1, 2, 3, 4]) setup.submit(first, 1);
    setup.took();
    setup.answer(1, 1);
    for (const _batch of [3, 4]) setup.applied({ kind: 'gap', expected: 2 });
    // An empty batch goes ahead.
    expect(setup.took()).toEqual(['2+0', '2+1', '3+1', '4+1']);
    setup.applied({ kind: 'gap', expected: 2 });
    expect(setup.took()).toEqual([]);
    setup.tickAt(retryMs);
    expect(setup.took()).toEqual(['2+1', '3+1', '4+1']);
    setup.applied({ kind: 'gap', expected: 2 });
    expect(setup.took()).toEqual(['2+0', '2+1', '3+1', '4+1']);
    setup.applied({ kind: 'gap', expected: 4 });
    expect(setup.took()).toEqual(['4+0', '4+1']);
  });

  test('says in a gap what is acknowledged by now, so that apply finds room for more replies', () => {
    const setup = new Setup();
    setup.submit(1, 5);
    setup.took();
    setup.answer(1, 3);
    setup.applied({ kind: 'gap', expected: 4 });
    expect(setup.sent.map(({ acknowledgedThrough }) => acknowledgedThrough)).toEqual([3, 0]);
    expect(setup.took()).toEqual(['4+0', '1+5']);
  });

  test('ignores a gap when nothing is unanswered, and gaps and replies of another holder', () => {
    const setup = new Setup();
    setup.applied({ kind: 'gap', expected: 1 });
    setup.submit(1, 1);
    setup.took();
    setup.applied({ kind: 'gap', expected: 1, holder: 99 });
    setup.applied({ kind: 'replies', firstRequest: 1, replies: [], holder: 99 });
    setup.applied({ kind: 'refused', code: 'SESSION_EXPIRED', holder: 99 });
    expect(setup.took()).toEqual([]);
    expect(setup.heard).toEqual(['reachable true']);
  });

  test('forgets a batch when each of its requests is answered, in parts, twice, or behind a later one', () => {
    const setup = new Setup();
    setup.submit(1, 2);
    setup.submit(3, 2);
    setup.submit(5, 1);
    setup.took();
    setup.answer(3, 2);
    setup.tickAt(1_000);
    expect(setup.took()).toEqual(['1+2', '5+1']);
    setup.answer(1, 1);
    setup.answer(1, 1);
    setup.tickAt(2_000);
    expect(setup.took()).toEqual(['1+2', '5+1']);
    setup.answer(1, 2);
    setup.tickAt(3_000);
    expect(setup.took()).toEqual(['5+1']);
    setup.answer(5, 1);
    setup.tickAt(4_000);
    expect(setup.took()).toEqual([]);
  });

  test.each([
    ['refused', 'SESSION_EXPIRED'],
    ['session-ended', 'SESSION_CLOSED'],
  ] as const)('is over when the session is %s: nothing is sent any more', (kind, code) => {
    const setup = new Setup();
    setup.submit(1, 1);
    setup.applied({ kind, code });
    setup.took();
    setup.tickAt(10_000);
    setup.link.reachable(true);
    expect(setup.took()).toEqual([]);
    expect(setup.heard).toContain(code);
  });

  test('tells the hub when something waits, once, and lets go with close, which may come twice', () => {
    const setup = new Setup();
    setup.link.pending(true);
    setup.link.pending(true);
    setup.link.close();
    setup.link.close();
    setup.link.failed('FATAL', undefined);
    expect(setup.heard).toEqual(['reachable true', 'pending true', 'pending false', 'detached', 'detached']);
  });
});
