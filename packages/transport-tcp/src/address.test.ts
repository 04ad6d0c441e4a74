import { CoordinationError } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import { formatAddress, isLocal, parseAddress } from './address.ts';

describe('addresses', () => {
  it.each([
    ['127.0.0.1:7001', { kind: 'tcp', host: '127.0.0.1', port: 7_001 }],
    ['db-1.example:0', { kind: 'tcp', host: 'db-1.example', port: 0 }],
    ['[::1]:65535', { kind: 'tcp', host: '::1', port: 65_535 }],
    ['/run/a.sock', { kind: 'unix', path: '/run/a.sock' }],
    ['./a:1', { kind: 'unix', path: './a:1' }],
  ] as const)('%s', (text, address) => {
    expect(parseAddress('listen', text)).toEqual(address);
    expect(formatAddress(address)).toBe(text);
  });

  it.each([
    '',
    'a',
    ':1',
    '1.2.3.4',
    '1.2.3.4:',
    '1.2.3.4:x',
    '1.2.3.4:65536',
    '1.2.3.4:-1',
    '1.2.3.4:000001',
    '::1:80',
    '[::1]',
    '[1.2.3.4]:80',
    '[x]:80',
    '/a\0b',
    `/${'x'.repeat(103)}`,
    7,
    undefined,
  ])('%j is none', (text) => {
    expect(() => parseAddress('listen', text)).toThrow(CoordinationError);
  });

  it('are of this machine or not', () => {
    const local = ['127.0.0.1:1', '127.9.9.9:1', '[::1]:1', 'localhost:1', '/a'];
    const foreign = [
      '0.0.0.0:1',
      '[::]:1',
      '10.0.0.1:1',
      '127.example:1',
      'localhost.example:1',
      '[::ffff:127.0.0.1]:1',
    ];
    expect(local.map((text) => isLocal(parseAddress('x', text)))).toEqual(local.map(() => true));
    expect(foreign.map((text) => isLocal(parseAddress('x', text)))).toEqual(foreign.map(() => false));
  });
});
