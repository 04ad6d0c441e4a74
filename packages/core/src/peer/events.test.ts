import { describe, expect, test } from 'vitest';
import { Events } from './events.ts';
import { silentLogger } from '../platform/silent-logger.ts';

interface Payloads extends Record<string, unknown> {
  role: string;
  leader: number;
}

function setup(): { events: Events<Payloads>; warnings: object[] } {
  const warnings: object[] = [];
  const logger = { ...silentLogger(), warn: (facts: object) => void warnings.push(facts) };
  return { events: new Events<Payloads>(logger), warnings };
}

describe('Events', () => {
  test('reach every listener of their name, in order, until it stops', () => {
    const { events } = setup();
    const heard: string[] = [];
    const stop = events.on('role', (role) => void heard.push(`first ${role}`));
    events.on('role', (role) => void heard.push(`second ${role}`));
    events.on('leader', (leader) => void heard.push(`leader ${leader}`));
    events.emit('role', 'a');
    stop();
    stop();
    events.emit('role', 'b');
    expect(heard).toEqual(['first a', 'second a', 'second b']);
    events.clear();
    events.emit('role', 'c');
    events.emit('leader', 1);
    expect(heard).toHaveLength(3);
  });

  test('reach a listener that is there twice twice, and stop once at a time', () => {
    const { events } = setup();
    let count = 0;
    const listener = (): void => void (count += 1);
    const stop = events.on('role', listener);
    events.on('role', listener);
    events.emit('role', 'a');
    expect(count).toBe(2);
    stop();
    events.emit('role', 'a');
    expect(count).toBe(3);
  });

  test('are heard by the others when a listener throws or rejects', async () => {
    const { events, warnings } = setup();
    const error = new Error('a listener failed');
    const heard: string[] = [];
    events.on('role', () => {
      throw error;
    });
    const rejecting: () => unknown = () => Promise.reject(error);
    events.on('role', rejecting);
    events.on('role', (role) => void heard.push(role));
    events.emit('role', 'a');
    await Promise.resolve();
    await Promise.resolve();
    expect(heard).toEqual(['a']);
    expect(warnings).toEqual([
      { event: 'role', error },
      { event: 'role', error },
    ]);
  });

  test('may be listened to, and no longer, from inside of a listener', () => {
    const { events } = setup();
    const heard: string[] = [];
    const stop = events.on('role', (role) => {
      heard.push(role);
      stop();
      events.on('role', (later) => void heard.push(`later ${later}`));
    });
    events.emit('role', 'a');
    events.emit('role', 'b');
    expect(heard).toEqual(['a', 'later b']);
  });
});
