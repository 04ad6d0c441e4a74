import { expect, test } from 'vitest';
import { Schedule, type ScheduleOptions } from './testing/schedule.ts';

function runSeed(options: ScheduleOptions): Schedule {
  const schedule = new Schedule(options);
  try {
    schedule.run();
    schedule.heal();
  } catch (error) {
    throw new Error(`seed ${options.seed} with ${options.peerCount} peers`, { cause: error });
  }
  return schedule;
}

const seeds = Array.from({ length: Number(process.env['RAFT_SEEDS'] ?? 30) }, (_, index) => index + 1);

test.each([2, 3, 4, 5])('%i peers stay safe under any schedule, and converge after healing', (peerCount) => {
  let committed = 0;
  let answered = 0;
  for (const seed of seeds) {
    const schedule = runSeed({ seed, peerCount, stepCount: 1_500 });
    committed += schedule.network.checks.committed.length;
    answered += schedule.answeredCount;
  }
  // The schedules must do something, or they show nothing.
  expect(committed).toBeGreaterThan(seeds.length * 15);
  expect(answered).toBeGreaterThan(seeds.length * 3);
});

test.each([3, 5])(
  '%i peers, of which a minority loses its disks, stay safe, and all are admitted again',
  (peerCount) => {
    let wiped = 0;
    for (const seed of seeds) {
      const options = { seed: seed + 5_000, peerCount, stepCount: 2_500, hasAmnesia: true };
      wiped += runSeed(options).wipedCount;
    }
    expect(wiped).toBeGreaterThan(seeds.length / 2);
  },
);
