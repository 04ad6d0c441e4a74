import { describe, expect, it } from 'vitest';
import { CoordinationError } from '../errors.ts';
import { created, none, openFake, refused, turn, view } from '../../test/session/fake-link.ts';
import type { WatchBatch } from './api-types.ts';
import { Chroot } from './chroot.ts';
import { op } from './op.ts';

describe('a chroot', () => {
  it('adds its prefix on the way in and takes it off on the way out', () => {
    const app = Chroot.whole().below('/app');
    expect(app.absolute('/a/b')).toBe('/app/a/b');
    expect(app.absolute('/')).toBe('/app');
    expect(app.relative('/app/a/b')).toBe('/a/b');
    expect(app.relative('/app')).toBe('/');
  });

  it('shows what lies above or beside it as its root, and takes no prefix for another', () => {
    const app = Chroot.whole().below('/app/one');
    expect(app.relative('/app')).toBe('/');
    expect(app.relative('/')).toBe('/');
    expect(app.relative('/app/one2/x')).toBe('/');
  });

  it('nests, and the root is the whole tree', () => {
    const nested = Chroot.whole().below('/a').below('/b');
    expect(nested.absolute('/c')).toBe('/a/b/c');
    expect(Chroot.whole().below('/').absolute('/c')).toBe('/c');
    expect(Chroot.whole().below('/a').below('/').absolute('/c')).toBe('/a/c');
  });

  it('cannot be left: a path is checked before it is joined', () => {
    const app = Chroot.whole().below('/app');
    for (const path of ['..', '/..', '/../x', '/a/../..', '', 'x', '//x', '/x/', '/x\u0000', 7, undefined]) {
      expect(() => app.absolute(path)).toThrow(CoordinationError);
    }
  });

  it('judges the length of the whole path', () => {
    const app = Chroot.whole().below(`/${'p'.repeat(500)}`);
    expect(app.absolute(`/${'x'.repeat(522)}`)).toHaveLength(1_024);
    expect(() => app.absolute(`/${'x'.repeat(523)}`)).toThrow(/1024 bytes/);
  });

  it('lets the name of a sequential znode be its number alone', () => {
    const app = Chroot.whole().below('/app');
    expect(Chroot.whole().absoluteSequential('/')).toBe('/');
    expect(Chroot.whole().absoluteSequential('/queue/')).toBe('/queue/');
    expect(app.absoluteSequential('/')).toBe('/app/');
    expect(app.absoluteSequential('/queue/n-')).toBe('/app/queue/n-');
    expect(() => app.absoluteSequential('/queue//')).toThrow(CoordinationError);
  });
});

describe('session.at', () => {
  it('is the same session', () => {
    const { session } = openFake();
    const app = session.at('/app');
    expect(app.id).toBe(session.id);
    expect(app.signal).toBe(session.signal);
    expect(app.at('/x').state).toBe('connected');
  });

  it('translates paths of every call', async () => {
    const { link, session } = openFake();
    const app = session.at('/app').at('/one');
    void app.create('/a');
    void app.multi([]);
    void app.get('/a');
    void app.getMany(['/a', '/']);
    void app.ephemerals();
    app.watch('/a');
    await turn();
    expect(link.ops()).toMatchObject([{ path: '/app/one/a' }, { kind: 'multi' }]);
    expect(link.reads.map(({ asked }) => asked.query)).toMatchObject([
      { path: '/app/one/a' },
      { paths: ['/app/one/a', '/app/one'] },
      { under: '/app/one' },
    ]);
    expect(link.watches[0]?.asked.path).toBe('/app/one/a');
  });

  it('translates paths of results, events and errors back', async () => {
    const { link, session } = openFake();
    const app = session.at('/app');
    const create = app.create('/a', 1, { sequential: true });
    const failed = app.set('/b', 1);
    const above = app.create('/c');
    const missing = app.get('/d');
    const ephemerals = app.ephemerals();
    const events = app.watch('/', { scope: 'subtree' })[Symbol.asyncIterator]();
    await turn();
    link.reply(
      created('/app/a0000000007'),
      refused('NO_NODE', { path: '/app/b' }),
      refused('NO_NODE', { path: '/app' }),
    );
    expect((await create).path).toBe('/a0000000007');
    await expect(failed).rejects.toMatchObject({ details: { path: '/b' } });
    await expect(above).rejects.toMatchObject({ details: { path: '/' } });
    link.answer(0, { kind: 'znode', znode: undefined });
    await expect(missing).rejects.toMatchObject({ details: { path: '/d' } });
    link.answer(1, { kind: 'names', names: ['/app/e'] });
    expect(await ephemerals).toEqual(['/e']);
    const page = () => [
      { path: '/app', ...view(1) },
      { path: '/app/a', ...view(2) },
    ];
    link.deliver({ kind: 'snapshot', zxid: 1, count: 2, page });
    const snapshot = await events.next();
    expect((snapshot.value as WatchBatch).events.map(({ path }) => path)).toEqual(['/', '/a']);
    const change = () => ({ path: '/app/a', before: view(2), after: undefined });
    link.deliver({ kind: 'changes', zxid: 2, count: 1, change });
    expect((await events.next()).value?.events).toMatchObject([{ kind: 'deleted', path: '/a' }]);
    link.deliver({ kind: 'failed', code: 'COMPACTED', details: { path: '/app/a', oldestZxid: 9 } });
    await expect(events.next()).rejects.toMatchObject({ details: { path: '/a', oldestZxid: 9 } });
  });

  it('translates the paths of a multi and of its failure', async () => {
    const { link, session } = openFake();
    const app = session.at('/app');
    const good = app.multi([op.create('/a'), op.delete('/b')]);
    const bad = app.multi([op.check('/a', 1)]);
    await turn();
    expect(link.ops()).toMatchObject([
      { ops: [{ path: '/app/a' }, { path: '/app/b' }] },
      { ops: [{ path: '/app/a' }] },
    ]);
    link.reply(
      { kind: 'multi', results: [created('/app/a'), none] },
      refused('BAD_VERSION', { path: '/app/a', index: 0 }),
    );
    expect((await good)[0]?.path).toBe('/a');
    await expect(bad).rejects.toMatchObject({ code: 'BAD_VERSION', details: { path: '/a', index: 0 } });
  });

  it('refuses a prefix that is no path', () => {
    const { session } = openFake();
    expect(() => session.at('app')).toThrow(CoordinationError);
    expect(() => session.at('/app/')).toThrow(CoordinationError);
  });
});
