/**
 * A real process that writes to a real disk, and is killed, or whose system calls fail. A few rounds here; all of
 * them (some minutes) with
 *
 *   QUORATE_PROOFS=full npx vitest run packages/storage-file/test/kill.test.ts
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  countCalls,
  isBuilt,
  isTraceable,
  withDirectory,
  write,
  writeUntilKilled,
} from './programs/writing.ts';

const isFull = process.env['QUORATE_PROOFS'] === 'full';
const timeoutMs = isFull ? 3_600_000 : 60_000;
const unbuilt = isBuilt ? '' : ' (skipped: it needs the build, npm run build)';
const untraced = isBuilt && !isTraceable ? ' (skipped: strace is not there, or may not trace)' : unbuilt;

/** What the rounds of one test have to say for the record. */
function tell(line: string): void {
  if (isFull) console.log(line);
}

describe('a process that writes one entry at a time', { timeout: timeoutMs }, () => {
  // Three at least: the rounds wait for 0, 1 and 2 acknowledgements, and get more only by chance.
  const kills = isFull ? 200 : 3;
  test.skipIf(!isBuilt)(
    `is killed at random moments: the last acknowledged entry is there, or one more${unbuilt}`,
    async () => {
      await withDirectory(async (directory) => {
        let acknowledged = 0;
        let acknowledgedCount = 0;
        let moreCount = 0;
        for (let round = 0; round < kills; round += 1) {
          const delayMs = Math.random() * 40;
          const said = await writeUntilKilled(directory, { acknowledgements: round % 3, delayMs });
          expect(said.wrong).toEqual([]);
          // Killed before it had said what it found: nothing of it is known, and nothing was asked of it.
          if (said.found === undefined) continue;
          expect([acknowledged, acknowledged + 1]).toContain(said.found);
          if (said.found > acknowledged) moreCount += 1;
          acknowledged = said.acknowledged ?? said.found;
          acknowledgedCount += said.acknowledgedCount;
        }
        tell(`${kills} kills: ${acknowledgedCount} acknowledgements, ${moreCount} times one more`);
        expect(acknowledgedCount).toBeGreaterThan(kills / 2);
        expect([acknowledged, acknowledged + 1]).toContain(write(directory, { most: 0 }).found);
      });
    },
  );

  test.skipIf(!isBuilt || !isTraceable)(`syncs at least as often as it acknowledges${untraced}`, async () => {
    await withDirectory((directory) => {
      const trace = join(directory, 'trace');
      const most = isFull ? 2_000 : 60;
      const strace = ['-e', 'trace=fdatasync,fsync', '-o', trace];
      const said = write(join(directory, 'a'), { most, strace });
      const syncs = countCalls(trace, ['fdatasync', 'fsync']);
      tell(`${said.acknowledgedCount} acknowledgements, ${syncs} syncs`);
      expect(said.acknowledgedCount).toBe(most);
      expect(syncs).toBeGreaterThanOrEqual(most);
    });
  });

  const calls = ['fdatasync', 'fsync', 'pwrite64', 'rename', 'unlink'];
  const moments = isFull ? Array.from({ length: 40 }, (_, at) => 1 + at) : [2];
  test.skipIf(!isBuilt || !isTraceable).each(calls)(
    `is killed in %s: nothing that was acknowledged is lost, and it starts${untraced}`,
    async (name) => {
      let killed = 0;
      for (const moment of moments) {
        await withDirectory((directory) => {
          const strace = [
            '-e',
            `trace=${name}`,
            '-e',
            `inject=${name}:signal=SIGKILL:when=${moment}`,
            '-o',
            '/dev/null',
          ];
          const said = write(directory, { most: 90, strace });
          if (said.acknowledgedCount < 90) killed += 1;
          const again = write(directory, { most: 1 });
          expect(again.wrong).toEqual([]);
          const acknowledged = said.acknowledged ?? 0;
          expect([acknowledged, acknowledged + 1]).toContain(again.found);
          expect(again.acknowledgedCount).toBe(1);
        });
      }
      tell(`${name}: killed ${killed} times in ${moments.length} runs`);
      expect(killed).toBeGreaterThan(0);
    },
  );

  const failures = isFull ? Array.from({ length: 100 }, (_, at) => 1 + at) : [7];
  test.skipIf(!isBuilt || !isTraceable).each(['EIO', 'ENOSPC'])(
    `acknowledges nothing after a sync that failed with %s${untraced}`,
    async (code) => {
      let failed = 0;
      for (const moment of failures) {
        await withDirectory((directory) => {
          const inject = `inject=fdatasync:error=${code}:when=${moment}`;
          const strace = ['-e', 'trace=fdatasync', '-e', inject, '-o', '/dev/null'];
          const said = write(directory, { most: 120, strace });
          if (said.failure !== undefined) failed += 1;
          expect(said.acknowledgedAfterFailure).toBe(0);
          // Either it failed while it opened, or a write was the first to hear of it.
          expect(said.acknowledgedCount).toBeLessThan(120);
          const again = write(directory, { most: 1 });
          expect(again.wrong).toEqual([]);
          expect(again.found ?? -1).toBeGreaterThanOrEqual(said.acknowledged ?? 0);
          expect(again.acknowledgedCount).toBe(1);
        });
      }
      tell(`${code}: ${failures.length} failed syncs, ${failed} met by a write`);
    },
  );

  const names = isFull ? Array.from({ length: 8 }, (_, at) => 1 + at) : [2];
  test.skipIf(!isBuilt || !isTraceable).each(['EIO', 'ENOSPC'])(
    `acknowledges nothing after a sync of the directory that failed with %s${untraced}`,
    async (code) => {
      for (const moment of names) {
        await withDirectory((directory) => {
          const strace = [
            '-e',
            'trace=fsync',
            '-e',
            `inject=fsync:error=${code}:when=${moment}`,
            '-o',
            '/dev/null',
          ];
          const said = write(join(directory, 'a'), { most: 120, strace });
          expect(said.acknowledgedAfterFailure).toBe(0);
          expect(said.acknowledgedCount).toBeLessThan(120);
          const again = write(join(directory, 'a'), { most: 1 });
          expect(again.found ?? -1).toBeGreaterThanOrEqual(said.acknowledged ?? 0);
        });
      }
    },
  );
});

const mountable = isBuilt && canMount();
const unmounted = isBuilt && !mountable ? ' (skipped: this user may not mount a tmpfs)' : unbuilt;

describe('a disk that is filled to the brim', { timeout: timeoutMs }, () => {
  const rounds = isFull ? 50 : 2;
  test.skipIf(!mountable)(
    `keeps the log whole, and writing goes on when there is room${unmounted}`,
    async () => {
      await withDirectory((directory) => {
        expect(mount(directory, '2m')).toBe(true);
        try {
          let acknowledged = 0;
          for (let round = 0; round < rounds; round += 1) {
            const ballast = join(directory, 'ballast');
            // All but what the storage needs to have begun, and every length of what is left.
            fillWith(ballast, (round * 7_919) % 65_536);
            const said = write(join(directory, 'a'), { most: 3_000 });
            expect(said.wrong).toEqual([]);
            expect(said.failure).toBeUndefined();
            // So full that it did not even start: then nothing was asked of it.
            expect([acknowledged, acknowledged + 1]).toContain(said.found ?? acknowledged);
            acknowledged = said.acknowledged ?? acknowledged;
            rmSync(ballast, { force: true });
            const again = write(join(directory, 'a'), { most: 5 });
            expect(again.wrong).toEqual([]);
            expect([acknowledged, acknowledged + 1]).toContain(again.found);
            expect(again.acknowledgedCount).toBe(5);
            acknowledged = again.acknowledged ?? acknowledged;
          }
          tell(`${rounds} times full, ${acknowledged} entries`);
        } finally {
          spawnSync('umount', [directory]);
        }
      });
    },
  );
});

/** Takes all room of a file system but so many bytes. */
function fillWith(file: string, leftBytes: number): void {
  const room =
    Number(spawnSync('stat', ['-f', '-c', '%a', join(file, '..')], { encoding: 'utf8' }).stdout) * 4_096;
  writeFileSync(file, new Uint8Array(Math.max(0, room - leftBytes)));
}

function mount(directory: string, size: string): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', directory]).status === 0;
}

function canMount(): boolean {
  if (process.platform !== 'linux') return false;
  const directory = mkdtempSync(join(tmpdir(), 'quorate-mount-'));
  const isMounted = mount(directory, '64k');
  if (isMounted) spawnSync('umount', [directory]);
  rmSync(directory, { recursive: true, force: true });
  return isMounted;
}
