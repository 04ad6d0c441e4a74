import { fc } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { decodeBatch, splitBatches, type Batch } from '../codec/batch.ts';
import { defaultEnsembleLimits } from '../limits.ts';
import type { Applied } from './contract.ts';
import { Driver, reborn, replyText, restore, snapshotOf } from './testing/driver.ts';
import { NaiveModel, type NaiveApplied } from './testing/naive-model.ts';
import {
  itemView,
  modelSessionViews,
  modelTransactionView,
  modelTreeView,
  transactionView,
  treeView,
} from './testing/views.ts';
import { smallLimits, stepBytes, workload, type Step } from './testing/workload.ts';

/** Three sessions with two znodes each, so that short workloads have something to work on. */
function begin(driver: Driver, model?: NaiveModel): void {
  const bodies = [
    driver.systemBatch({ kind: 'configure', limits: smallLimits }),
    ...[1, 2, 3].map((secret) =>
      driver.systemBatch({
        kind: 'open-session',
        secretHash: new Uint8Array(32).fill(secret, 0, 30),
        timeoutMs: 5_000,
      }),
    ),
  ];
  for (const body of bodies) {
    driver.applyBody(body);
    model?.apply(driver.wallMs, driver.elapsedMs, decode(body));
  }
}

function decode(body: Uint8Array): readonly Batch[] {
  return splitBatches(body)
    .map(({ start, end }) => decodeBatch(body, start, end))
    .filter((batch) => batch !== undefined);
}

function appliedView({ items, transactions }: Applied): unknown {
  return { items: items.map(itemView), transactions: transactions.map(transactionView) };
}

function naiveView({ items, transactions }: NaiveApplied): unknown {
  return { items, transactions: transactions.map(modelTransactionView) };
}

function expectSameState(driver: Driver, model: NaiveModel): void {
  const { machine } = driver;
  expect(treeView(machine)).toEqual(modelTreeView(model));
  expect(machine.sessions()).toEqual(modelSessionViews(model));
  const { zxid, wallMs, elapsedMs, limits, configured } = machine;
  expect({ zxid, wallMs, elapsedMs, limits, configured }).toEqual({
    zxid: model.state.zxid,
    wallMs: model.state.wallMs,
    elapsedMs: model.state.elapsedMs,
    limits: model.state.limits,
    configured: model.state.configured,
  });
  expect(machine.oldestZxid).toBe(model.state.evictedThrough);
  const kept = machine.transactionsAfter(machine.oldestZxid);
  expect(kept === 'compacted' ? kept : kept.map(transactionView)).toEqual(
    model.state.history.map(modelTransactionView),
  );
}

describe('a machine under a random workload', () => {
  test('answers and holds what the naive model does', () => {
    fc.assert(
      fc.property(workload, (steps) => {
        const driver = new Driver();
        const model = new NaiveModel(defaultEnsembleLimits);
        begin(driver, model);
        for (const step of steps) {
          const body = stepBytes(driver, step);
          if (body === undefined) continue;
          const expected = model.apply(driver.wallMs, driver.elapsedMs, decode(body));
          expect(appliedView(driver.applyBody(body))).toEqual(naiveView(expected));
        }
        expectSameState(driver, model);
        driver.machine.validate();
      }),
      { numRuns: 300 },
    );
  });

  test('goes on after a snapshot exactly as without one', () => {
    fc.assert(
      fc.property(workload, fc.nat(59), fc.integer({ min: 30, max: 3_000 }), (steps, at, chunkBytes) => {
        const driver = new Driver();
        begin(driver);
        let other: Driver | undefined;
        for (const [index, step] of steps.entries()) {
          if (index === at) other = new Driver(reborn(driver.machine, chunkBytes));
          const body = stepBytes(driver, step);
          if (body === undefined) continue;
          const index1 = driver.machine.appliedIndex + 1;
          const applied = driver.applyBody(body);
          if (other === undefined) continue;
          other.wallMs = driver.wallMs;
          other.elapsedMs = driver.elapsedMs;
          expect(other.machine.appliedIndex).toBe(index1 - 1);
          const again = other.applyBody(body);
          expect(again.items.map(itemView)).toEqual(applied.items.map(itemView));
          expect(other.machine.digest()).toBe(driver.machine.digest());
        }
        other?.machine.validate();
      }),
      { numRuns: 150 },
    );
  });

  test('writes the state of the beginning into a snapshot while it goes on', () => {
    fc.assert(
      fc.property(workload, workload, fc.integer({ min: 30, max: 400 }), (before, during, chunkBytes) => {
        const driver = new Driver();
        begin(driver);
        run(driver, before);
        const expected = {
          digest: driver.machine.digest(),
          zxid: driver.machine.zxid,
          tree: treeView(driver.machine),
        };
        const writer = driver.machine.beginSnapshot(chunkBytes);
        const chunks: Uint8Array[] = [];
        let isLast = false;
        for (const step of during) {
          if (!isLast) {
            const chunk = writer.next();
            chunks.push(chunk.bytes);
            isLast = chunk.last;
          }
          run(driver, [step]);
        }
        while (!isLast) {
          const chunk = writer.next();
          chunks.push(chunk.bytes);
          isLast = chunk.last;
        }
        const restored = restore(chunks);
        expect(restored.digest()).toBe(expected.digest);
        expect(restored.zxid).toBe(expected.zxid);
        expect(treeView(restored)).toEqual(expected.tree);
        restored.validate();
        driver.machine.validate();
        expect(reborn(driver.machine).digest()).toBe(driver.machine.digest());
      }),
      { numRuns: 150 },
    );
  });

  test('keeps a digest that does not depend on when it was asked for', () => {
    fc.assert(
      fc.property(workload, (steps) => {
        const often = new Driver();
        const once = new Driver();
        for (const driver of [often, once]) begin(driver);
        for (const step of steps) {
          const body = stepBytes(often, step);
          if (body === undefined) continue;
          once.wallMs = often.wallMs;
          once.elapsedMs = often.elapsedMs;
          const applied = often.applyBody(body);
          expect(once.applyBody(body).items.flatMap(texts)).toEqual(applied.items.flatMap(texts));
          often.machine.digest();
        }
        expect(once.machine.digest()).toBe(often.machine.digest());
        expect(restore(snapshotOf(once.machine, 100)).digest()).toBe(often.machine.digest());
      }),
      { numRuns: 60 },
    );
  });
});

test('any bytes at all are an entry that a machine survives', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 }), (bodies) => {
      const driver = new Driver();
      for (const body of bodies) driver.applyBody(body);
      driver.machine.validate();
      expect(driver.machine.appliedIndex).toBe(bodies.length);
    }),
  );
});

function run(driver: Driver, steps: readonly Step[]): void {
  for (const step of steps) {
    const body = stepBytes(driver, step);
    if (body !== undefined) driver.applyBody(body);
  }
}

function texts(item: Applied['items'][number]): readonly string[] {
  return item.kind === 'replies' ? item.replies.map(replyText) : [];
}
