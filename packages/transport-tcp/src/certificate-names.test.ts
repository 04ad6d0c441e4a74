import { describe, expect, it } from 'vitest';
import { namesOf } from './certificate-names.ts';

describe('the names of a certificate', () => {
  it.each([
    ['DNS:a', ['a']],
    ['DNS:a, DNS:b, IP Address:10.0.0.1', ['a', 'b']],
    ['URI:quorate://a, DNS:b', ['b']],
    [String.raw`DNS:"a\u002c DNS:b"`, ['a, DNS:b']],
    // What pretends to be an entry inside of another one is none.
    ['URI:"http://x/, DNS:a"', []],
    ['URI:x', []],
    ['DNS:', []],
    // Not read for certain: no name at all.
    ['DNS:a, rubbish', []],
    ['DNS:a,DNS:b', []],
    ['DNS:"a', []],
    ['', []],
  ])('%s', (subjectaltname, names) => {
    expect(namesOf({ subjectaltname })).toEqual(names);
  });

  it('are the common name only without any alternative name, and only if there is one', () => {
    const subject = { CN: 'a', C: '', ST: '', L: '', O: '', OU: '' };
    expect(namesOf({ subject })).toEqual(['a']);
    expect(namesOf({ subject, subjectaltname: 'DNS:b' })).toEqual(['b']);
    expect(namesOf({ subject, subjectaltname: 'URI:b' })).toEqual([]);
    expect(namesOf({ subject: { ...subject, CN: ['a', 'b'] as unknown as string } })).toEqual([]);
    expect(namesOf({})).toEqual([]);
  });
});
