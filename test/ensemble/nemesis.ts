/** Disturbs an ensemble at random, in ways that its rules survive, one after another. */
import { pause, type Ensemble } from './ensemble.ts';
import type { SeededRandom } from './seeded-random.ts';

type Deed = (ensemble: Ensemble, random: SeededRandom) => Promise<void> | void;

const leaderOf = (ensemble: Ensemble): string | undefined =>
  ensemble.peers.find((peer) => peer.role === 'leader')?.id;

/** The leader in half of the cases: most failures that matter concern it. */
function victim(ensemble: Ensemble, random: SeededRandom): string {
  const leader = leaderOf(ensemble);
  return leader !== undefined && random.chance(0.5) ? leader : random.pick(ensemble.ids);
}

const deeds: Readonly<Record<string, Deed>> = {
  isolate(ensemble, random) {
    const target = victim(ensemble, random);
    const silent = random.chance(0.6);
    ensemble.note(`isolate ${target}${silent ? '' : ', connections broken'}`);
    ensemble.network.isolate(target, { silent });
  },
  cut(ensemble, random) {
    const one = victim(ensemble, random);
    const other = random.pick(ensemble.ids.filter((id) => id !== one));
    const oneWay = random.chance(0.5);
    ensemble.note(`cut ${one} ${oneWay ? '->' : '<->'} ${other}`);
    ensemble.network.cut(one, other, { oneWay });
  },
  async kill(ensemble, random) {
    const target = victim(ensemble, random);
    ensemble.note(`kill ${target}`);
    if (ensemble.isRunning(target)) await ensemble.kill(target);
  },
  async restart(ensemble, random) {
    const target = victim(ensemble, random);
    ensemble.note(`restart ${target}`);
    await ensemble.restart(target);
  },
  /** One at a time: the data of one voter may be lost, and the next only when that one was admitted again. */
  async wipe(ensemble, random) {
    const isWhole = ensemble.peers.length === ensemble.ids.length;
    if (!isWhole || !ensemble.peers.every((peer) => peer.status().isAdmitted)) return;
    const target = victim(ensemble, random);
    ensemble.note(`wipe ${target}`);
    await ensemble.restart(target, { wiped: true });
  },
  transfer(ensemble) {
    const leader = leaderOf(ensemble);
    if (leader === undefined) return;
    ensemble.note(`transfer from ${leader}`);
    ensemble
      .peer(leader)
      .transferLeadership()
      .catch(() => undefined);
  },
  frames(ensemble, random) {
    ensemble.note('frames go wrong');
    ensemble.disturb({
      drop: 0.3 * random.next(),
      duplicate: 0.3 * random.next(),
      delay: 0.3 * random.next(),
    });
  },
};

/** Does its deeds for so long, then heals and starts everybody who does not run. */
export async function torment(ensemble: Ensemble, durationMs: number): Promise<void> {
  const { random } = ensemble;
  const names = Object.keys(deeds);
  const endAt = performance.now() + durationMs;
  while (performance.now() < endAt) {
    for (let count = 1 + random.below(2); count > 0; count -= 1)
      await deeds[random.pick(names)]?.(ensemble, random);
    await pause(50 + random.below(250));
    ensemble.note('heal');
    ensemble.heal();
    for (const id of ensemble.ids) if (!ensemble.isRunning(id)) await ensemble.start(id);
    await pause(50 + random.below(150));
  }
}
