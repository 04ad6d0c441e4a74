/** The published sources obey every rule of this folder; each rule first proves that it can fail. */
import { describe, expect, test } from 'vitest';
import { rules } from './rules.ts';
import { checkoutOf, readCheckout } from './source/checkout.ts';
import { explain } from './source/rule.ts';

const checkout = readCheckout(new URL('../../', import.meta.url));

test('the sources of core were found', () => {
  expect(checkout.source('packages/core/src/errors.ts')?.code.length).toBeGreaterThan(100);
});

describe.each(rules)('$name', (rule) => {
  test('finds what breaks it, and where', () => {
    expect(rule.bad.length).toBeGreaterThan(0);
    for (const { files, found } of rule.bad) {
      const places = rule.check(checkoutOf(files)).map(({ path, line }) => `${path}:${line}`);
      expect({ files, found: places }).toEqual({ files, found });
    }
  });

  test('lets pass what only looks like it', () => {
    for (const files of rule.good) {
      expect(rule.check(checkoutOf(files)).map((violation) => explain(rule, violation))).toEqual([]);
    }
  });

  test('holds in this checkout', () => {
    expect(rule.check(checkout).map((violation) => explain(rule, violation))).toEqual([]);
  });
});
