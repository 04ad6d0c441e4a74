/** What simulated runs have found, each as a story of its own: seeds change their meaning when code changes. */
import { scenario } from '@quorate/simulator';
import { describe, expect, test } from 'vitest';

describe('found by simulation', () => {
  test('a single voter that dies before its term is durable does not lead that term twice', () =>
    scenario({ members: 1 }, async (story) => {
      await story.leader();
      await story.write('/a', 1);
      for (let time = 0; time < 5; time += 1) {
        story.slowDisk('a', 80);
        story.restart('a');
        await story.sleep(30 + 60 * time);
        story.crash('a', { of: 'machine' });
        story.slowDisk('a', 1);
        story.restart('a');
        await story.leader();
        await story.write('/a', time);
      }
      await story.leader();
      expect(story.peer('a').tree.get('/a')?.value).toBe(4);
    }));

  test('pipelined linearizable reads keep their order across a change of leader', () =>
    scenario({ members: 5 }, async (story) => {
      const first = await story.leader();
      const reader = await story.session(story.follower());
      await reader.create('/r', 0);
      const zxids: number[] = [];
      const read = async (): Promise<void> => {
        const { stat } = await reader.get('/r', { consistency: 'linearizable', deadlineMs: 8_000 });
        zxids.push(stat.mzxid);
      };
      const reads = [read()];
      story.isolate(first);
      for (let count = 0; count < 10; count += 1) {
        await story.sleep(50);
        reads.push(read());
      }
      await story.until('somebody else leads', () => story.leaderNow !== first);
      await Promise.all([story.write('/r', 1), ...reads]);
      expect(zxids).toEqual(zxids.toSorted((left, right) => left - right));
    }));

  test('a session read behind a linearizable one is never older than it', () =>
    scenario({ members: 3 }, async (story) => {
      await story.leader();
      const reader = await story.session(story.follower());
      await story.write('/r', 0);
      for (let value = 1; value <= 20; value += 1) {
        await story.write('/r', value);
        const [fresh, after] = await Promise.all([
          reader.get('/r', { consistency: 'linearizable' }),
          reader.get('/r'),
        ]);
        expect(fresh.value).toBe(value);
        expect(after.stat.mzxid).toBeGreaterThanOrEqual(fresh.stat.mzxid);
      }
    }));

  test("a follower halfway through its own snapshot takes the leader's instead", () =>
    scenario(
      { members: 3, limits: { snapshotAfterEntries: 20, logEntriesKept: 1, snapshotChunkBytes: 128 } },
      async (story) => {
        await story.leader();
        const behind = story.follower();
        for (let round = 0; round < 4; round += 1) {
          story.slowDisk(behind, 20);
          await story.writeMany(15);
          story.isolate(behind);
          await story.writeMany(60);
          story.heal();
          await story.sleep(200);
        }
        story.slowDisk(behind, 1);
        await story.write('/last', 1);
        await story.sees('/last', 1);
        expect(story.peer(behind).tree.get('/last')?.value).toBe(1);
      },
    ));

  test('a touch that reaches somebody who does not lead is confirmed by nobody', () =>
    scenario({ members: 3 }, async (story) => {
      const first = await story.leader();
      const session = await story.session(story.follower());
      for (let time = 0; time < 4; time += 1) {
        const leader = await story.leader();
        await story.peer(leader).transferLeadership();
        await story.sleep(700);
      }
      expect(session.state).toBe('connected');
      expect(first).toBeDefined();
    }));
});
