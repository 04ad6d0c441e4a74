// The root commands. Each works on a fresh clone: what is missing is installed and built first.
//   node scripts/run.mjs demo | test | build | check | fix | bench <question> | sim | mutants | e2e
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const [command, ...rest] = process.argv.slice(2);

/** Runs a program with this terminal and ends with its exit code when it fails. */
function run(program, args, options = {}) {
  const result = spawnSync(program, args, { cwd: root, stdio: 'inherit', ...options });
  if (result.error) {
    console.error(`${program} could not be started: ${result.error.message}`);
    process.exit(1);
  }
  if (result.status !== 0) process.exit(result.status ?? 1);
}

const tool = (name) => join(root, 'node_modules', '.bin', name);

/** Installs from the lockfile, but only when the lockfile has changed since the last time. */
function install() {
  const lockfile = readFileSync(join(root, 'pnpm-lock.yaml'));
  const wanted = createHash('sha256').update(lockfile).digest('hex');
  const stamp = join(root, 'node_modules', '.quorate-installed');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  console.log(`Installing dependencies (${packageManager}, once) ...`);
  run('npx', ['--yes', packageManager, 'install', '--frozen-lockfile'], {
    shell: process.platform === 'win32',
  });
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  writeFileSync(stamp, wanted);
}

const build = () => run(tool('tsc'), ['-b', 'tsconfig.json']);

/** Runs the tests and ends with a line of its own: `N passed, N failed`. */
function test() {
  const report = join(root, '.results', 'test.json');
  mkdirSync(join(root, '.results'), { recursive: true });
  const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...rest];
  const result = spawnSync(tool('vitest'), args, { cwd: root, stdio: 'inherit' });
  if (result.error || !existsSync(report)) {
    console.log('0 passed, 1 failed');
    process.exit(1);
  }
  const { numPassedTests, numFailedTests, numPendingTests, numFailedTestSuites } = JSON.parse(
    readFileSync(report, 'utf8'),
  );
  // A file that failed before its first test has no failed test of its own: it counts as one.
  const failed =
    numFailedTests > 0 ? numFailedTests : result.status === 0 ? 0 : Math.max(1, numFailedTestSuites);
  if (numPendingTests > 0) console.log(`${numPendingTests} skipped (each says why in its title)`);
  console.log(`${numPassedTests} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}

const commands = {
  demo() {
    install();
    build();
    run(process.execPath, [join(root, 'examples', 'demo', 'dist', 'main.js'), ...rest]);
  },
  test() {
    install();
    build();
    test();
  },
  build() {
    install();
    build();
  },
  check() {
    install();
    run(tool('tsc'), ['-p', 'tsconfig.check.json']);
    run(tool('oxlint'), ['--type-aware', '--deny-warnings']);
    run(tool('biome'), ['ci', '--error-on-warnings', '.']);
    run(tool('vitest'), ['run', '--reporter=dot', 'test/tidy']);
  },
  fix() {
    install();
    run(tool('oxlint'), ['--type-aware', '--fix']);
    run(tool('biome'), ['format', '--write', '.']);
  },
  sim() {
    install();
    build();
    run(process.execPath, [join(root, 'test', 'simulation', 'dist', 'sim.js'), ...rest]);
  },
  mutants() {
    install();
    build();
    run(process.execPath, [join(root, 'test', 'simulation', 'dist', 'mutants', 'main.js'), ...rest]);
  },
  e2e() {
    install();
    build();
    run(process.execPath, [join(root, 'test', 'e2e', 'dist', 'main.js'), ...rest]);
  },
  bench() {
    install();
    build();
    const question = rest.shift();
    const script = join(root, 'benchmarks', 'dist', question ?? '', 'main.js');
    if (question === undefined || !existsSync(script)) {
      console.error('Which question? npm run bench -- commit | durable | failover | transports | tree');
      process.exit(1);
    }
    run(process.execPath, ['--expose-gc', script, ...rest]);
  },
};

const chosen = Object.hasOwn(commands, command ?? '') ? commands[command] : undefined;
if (chosen === undefined) {
  console.error(`Usage: node scripts/run.mjs ${Object.keys(commands).join(' | ')}`);
  process.exit(1);
}
chosen();
