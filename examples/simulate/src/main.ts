/** Looks for a seed in which additions are lost, first without fencing, then with it. */
import { simulate } from '@quorate/simulator';
import { keepAdding } from './application.ts';
import { CounterFile } from './counter-file.ts';

const members = { a: '', b: '', c: '' };
const seedsCount = 4;

/** Half a simulated minute in which processes are paused now and then; how many additions were lost. */
async function lostIn(seed: number, isFenced: boolean): Promise<number> {
  const file = new CounterFile(isFenced);
  let addedCount = 0;
  await simulate({ seed }, async (world) => {
    for (const id of Object.keys(members)) {
      world.host(id).start((ports) => keepAdding(ports, { id, members, file }, () => (addedCount += 1)));
    }
    const faults = world.random('pauses');
    for (let round = 0; round < 10; round += 1) {
      const host = world.host(faults.pick(Object.keys(members)));
      host.pause();
      await world.sleep(faults.between(100, 3_000));
      host.resume();
      await world.sleep(faults.between(500, 2_000));
    }
  });
  return addedCount - file.value;
}

async function firstLoss(isFenced: boolean): Promise<string> {
  for (let seed = 1; seed <= seedsCount; seed += 1) {
    const lost = await lostIn(seed, isFenced);
    if (lost > 0) return `seed ${seed} loses ${lost} of the additions`;
  }
  return `${seedsCount} seeds lose nothing`;
}

const without = await firstLoss(false);
const fenced = await firstLoss(true);
console.log(`the lock alone: ${without}`);
console.log(`with its fencing token: ${fenced}`);
process.exitCode = without.startsWith('seed') && !fenced.startsWith('seed') ? 0 : 1;
