import { describe, expect, it } from 'vitest';
import { etcdHistoriesFolder, readEtcdHistories } from '../testing/etcd-histories.ts';
import { checkLinearizable } from './linearizability.ts';
import { registerModel } from './register-model.ts';

const folder = etcdHistoriesFolder();
const missing =
  ' (skipped: the folder etcd-register-histories is missing; name it in QUORATE_ETCD_HISTORIES)';

/** All of them together took 0.3 s when this was written. */
const timeLimitMs = 10_000;

describe.skipIf(folder === undefined)(
  `histories of etcd by Jepsen${folder === undefined ? missing : ''}`,
  () => {
    const recorded = folder === undefined ? [] : readEtcdHistories(folder);

    it.each(recorded.map((each) => [each.file, each.isLinearizable, each.history] as const))(
      '%s is judged rightly: linearizable is %s',
      (_file, isLinearizable, history) => {
        const startedAt = performance.now();
        const isOutOfTime = (): boolean => performance.now() - startedAt > timeLimitMs;
        const verdict = checkLinearizable(registerModel, history, { isOutOfTime });
        expect(verdict.kind).toBe(isLinearizable ? 'valid' : 'violation');
      },
    );

    it('are not all of one kind', () => {
      expect(new Set(recorded.map((each) => each.isLinearizable)).size).toBe(2);
    });
  },
);
