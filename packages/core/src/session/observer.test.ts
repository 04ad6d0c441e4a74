import { describe, expect, it } from 'vitest';
import { openFake, statResult, turn, view } from '../../test/session/fake-link.ts';
import type { ObservedCall, SessionObserver } from './observer.ts';
import { observeSession } from './session.ts';

/** Writes down in words what it is told. */
class Notes implements SessionObserver {
  readonly lines: string[] = [];

  called(call: ObservedCall): void {
    this.lines.push(`called ${this.#name(call)}`);
  }

  answered(call: ObservedCall, zxid: number): void {
    this.lines.push(`answered ${this.#name(call)} at ${zxid}`);
  }

  watched(): void {
    this.lines.push('watched');
  }

  delivered(_watch: object, { kind, zxid }: { readonly kind: string; readonly zxid: number }): void {
    this.lines.push(`delivered ${kind} at ${zxid}`);
  }

  ended(): void {
    this.lines.push('ended');
  }

  #name(call: ObservedCall): string {
    return call.isWrite ? `write ${call.request}` : 'read';
  }
}

describe('an observer of a session', () => {
  it('hears of a call within the method, of its number when it has one, and of its answer before the caller', async () => {
    const { link, session } = openFake();
    const notes = new Notes();
    observeSession(session, notes);
    const writing = session.set('/a', 1).then(() => notes.lines.push('settled'));
    const reading = session.at('/b').get('/c');
    expect(notes.lines).toEqual(['called write 0', 'called read']);
    await turn();
    link.answer(0, { kind: 'znode', znode: view(1) });
    link.reply(statResult);
    await Promise.all([writing, reading]);
    expect(notes.lines.slice(2)).toEqual([
      expect.stringMatching(/^answered read at/),
      expect.stringMatching(/^answered write 1 at/),
      'settled',
    ]);
  });

  it('hears what reaches the queue of a watch although nobody pulls, and when nothing more does', async () => {
    const { link, session } = openFake();
    const notes = new Notes();
    observeSession(session, notes);
    const stream = session.watch('/a');
    await turn();
    link.watches[0]?.asked.deliver({ kind: 'snapshot', zxid: 7, count: 0, page: () => [] });
    stream.close();
    expect(notes.lines).toEqual(['watched', 'delivered snapshot at 7', 'ended']);
  });

  it('is refused for a session that is not of this library', () => {
    const { session } = openFake();
    const foreign = { ...session, id: session.id };
    expect(() => observeSession(foreign as typeof session, new Notes())).toThrow(/BAD_ARGUMENTS/);
  });
});
