import { describe, expect, test } from 'vitest';
import type { Machine } from '../machine/machine.ts';
import { create, Driver, reborn, remove, set, type OpenedSession } from '../machine/testing/driver.ts';
import type { WatchDelivery, WatchRequest } from './contract.ts';
import { WatchHub } from './watch-hub.ts';

/** One machine, its watches, and what they got. */
class Watched {
  readonly driver = new Driver();
  readonly hub: WatchHub;
  readonly session: OpenedSession;
  deliveries: WatchDelivery[] = [];

  constructor(snapshotZnodesMax = 100) {
    this.hub = new WatchHub(snapshotZnodesMax);
    this.driver.configure({ historyChangesMax: 4 });
    this.session = this.driver.open();
  }

  get machine(): Machine {
    return this.driver.machine;
  }

  readonly deliver = (delivery: WatchDelivery): void => void this.deliveries.push(delivery);

  begin(id: number, options: Partial<WatchRequest> = {}): void {
    const request = {
      id,
      sessionId: 0,
      afterRequest: 0,
      minZxid: 0,
      path: '/',
      scope: 'subtree',
      from: undefined,
    };
    this.hub.begin(this.machine, { ...request, scope: 'subtree', ...options }, this.deliver);
  }

  /** Applies ops, each an entry of its own, and publishes what they changed. */
  write(...ops: readonly ReturnType<typeof create | typeof set | typeof remove>[]): void {
    for (const op of ops) {
      const applied = this.driver.apply(this.driver.batch(this.session, [op]));
      for (const transaction of applied.transactions) this.hub.publish(transaction, this.deliver);
    }
  }

  /** What was delivered since the last look, as short texts. */
  seen(): readonly string[] {
    const { deliveries } = this;
    this.deliveries = [];
    return deliveries.map((delivery) => {
      switch (delivery.kind) {
        case 'snapshot':
          return `${delivery.id} snapshot ${delivery.znodes.map(({ path }) => path).join(' ')}`;
        case 'changes':
          return `${delivery.id} ${delivery.transaction.changes.map(({ path }) => path).join(' ')}`;
        case 'compacted':
        case 'resumed':
        case 'too-large':
          return `${delivery.id} ${delivery.kind}`;
      }
    });
  }
}

describe('WatchHub', () => {
  test('begins with a snapshot of the scope, then delivers what concerns it', () => {
    const watched = new Watched();
    watched.write(create('/a'), create('/a/b'));
    watched.begin(1, { path: '/a', scope: 'node' });
    watched.begin(2, { path: '/a', scope: 'children' });
    watched.begin(3, { path: '/missing', scope: 'node' });
    expect(watched.seen()).toEqual(['1 snapshot /a', '2 snapshot /a/b', '3 snapshot ']);
    watched.write(set('/a', 1), set('/a/b', 1), create('/missing'), create('/else'), remove('/missing'));
    expect(watched.seen()).toEqual(['1 /a', '2 /a/b', '3 /missing', '3 /missing']);
    expect(watched.hub.size).toBe(3);
  });

  test('delivers nothing to a watch that has ended, twice or before it began', () => {
    const watched = new Watched();
    watched.begin(1);
    watched.hub.end(1);
    watched.hub.end(1);
    watched.hub.end(99);
    watched.seen();
    watched.write(create('/a'));
    expect(watched.seen()).toEqual([]);
    expect(watched.hub.size).toBe(0);
  });

  test('refuses a scope above its bound, and registers nothing', () => {
    const watched = new Watched(2);
    watched.write(create('/a'));
    watched.begin(1);
    watched.write(create('/b'));
    watched.begin(2);
    expect(watched.seen()).toEqual(['1 snapshot / /a', '1 /b', '2 too-large']);
    expect(watched.hub.size).toBe(1);
  });

  test('resumes without a gap, or says that the history is gone', () => {
    const watched = new Watched();
    watched.write(create('/a'));
    const from = watched.machine.zxid;
    watched.write(set('/a', 1), set('/a', 2));
    watched.begin(1, { from });
    watched.begin(2, { from: watched.machine.zxid });
    expect(watched.seen()).toEqual(['1 resumed', '1 /a', '1 /a', '2 resumed']);
    watched.write(set('/a', 3), set('/a', 4), set('/a', 5));
    watched.seen();
    watched.begin(3, { from });
    expect(watched.seen()).toEqual(['3 compacted']);
    expect(watched.hub.size).toBe(2);
  });

  test('carries watches over to the machine of a received snapshot, with what happened between', () => {
    const watched = new Watched();
    watched.write(create('/a'));
    watched.begin(1, { path: '/a', scope: 'node' });
    watched.begin(2, { path: '/b', scope: 'node' });
    watched.seen();
    const before = watched.machine.zxid;
    // Applied elsewhere: nothing of it is published here.
    const elsewhere = watched.driver;
    elsewhere.ask(watched.session, set('/a', 1), create('/b'), set('/a', 2));
    watched.hub.carryOver(reborn(elsewhere.machine), before, watched.deliver);
    expect(watched.seen()).toEqual(['1 /a', '1 /a', '2 /b']);
    watched.write(set('/a', 3));
    expect(watched.seen()).toEqual(['1 /a']);
  });

  test('ends watches whose events a received snapshot has no more', () => {
    const watched = new Watched();
    watched.write(create('/a'));
    watched.begin(1, { path: '/a', scope: 'node' });
    watched.seen();
    const before = watched.machine.zxid;
    for (let value = 0; value < 6; value += 1) watched.driver.ask(watched.session, set('/a', value));
    watched.hub.carryOver(reborn(watched.machine), before, watched.deliver);
    expect(watched.seen()).toEqual(['1 compacted']);
    expect(watched.hub.size).toBe(0);
  });
});
