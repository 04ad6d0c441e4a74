import { describe, expect, it } from 'vitest';
import { type Candidacy, decideTie, type Standing } from './tie-break.ts';

const byA: Standing = { diallerMember: 'a', life: '1', beganAt: 10, establishedAt: 20 };
const byB: Standing = { ...byA, diallerMember: 'b' };

function candidate(diallerMember: string, more: Partial<Candidacy> = {}): Candidacy {
  return { diallerMember, life: '1', beganAt: 15, ...more };
}

describe('of two connections between a and b', () => {
  it("a's wins over b's, and nothing is lost by it, whenever it began", () => {
    expect(decideTie(byB, candidate('a'), 'a')).toBe('swap');
    expect(decideTie(byB, candidate('a', { beganAt: 25 }), 'a')).toBe('swap');
  });

  it("b's loses to a's that is there", () => {
    expect(decideTie(byA, candidate('b'), 'a')).toBe('keep');
  });

  it("b's wins if b dialled after a's was there: it has lost that", () => {
    expect(decideTie(byA, candidate('b', { beganAt: 21 }), 'a')).toBe('replace');
  });

  it('the later of one dialler wins: it has given up the former', () => {
    expect(decideTie(byA, candidate('a'), 'a')).toBe('replace');
    expect(decideTie(byB, candidate('b'), 'a')).toBe('replace');
  });

  it('that of another life of the member wins, whoever dialled', () => {
    for (const dialler of ['a', 'b']) {
      expect(decideTie(byA, candidate(dialler, { life: '2' }), 'a')).toBe('replace');
      expect(decideTie(byB, candidate(dialler, { life: '2' }), 'a')).toBe('replace');
    }
  });

  it('both ends keep the same one, in whichever order they hear of the two', () => {
    // At each end: the one that is there, and the other that comes; both began before either was there.
    const keptAt = (first: string): string => {
      const decision = decideTie({ ...byA, diallerMember: first }, candidate(first === 'a' ? 'b' : 'a'), 'a');
      return decision === 'keep' ? first : first === 'a' ? 'b' : 'a';
    };
    expect([keptAt('a'), keptAt('b')]).toEqual(['a', 'a']);
  });
});
