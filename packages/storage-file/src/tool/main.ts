#!/usr/bin/env node
/** `quorate-storage inspect|verify|export <directory>`: looks at a directory that no peer uses; changes nothing. */
import { resolve } from 'node:path';
import { isDirectoryHeld } from '../directory-lock.ts';
import { storageFailed } from '../failures.ts';
import { nodeDirectory } from '../node-directory.ts';
import { examine } from '../recovery.ts';
import { damageOf, describe } from './describe.ts';
import { exportZnodes } from './export-znodes.ts';

const usage = `quorate-storage inspect <directory>   tells what a directory holds
quorate-storage verify <directory>    reads all of it; ends with 1 if it is damaged
quorate-storage export <directory>    writes its znodes as lines of JSON`;

/** 0: done. 1: damaged. 2: could not be done. */
process.exitCode = await run(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  return 2;
});

async function run([command = '', path, ...others]: readonly string[]): Promise<number> {
  if (!['inspect', 'verify', 'export'].includes(command) || path === undefined || others.length > 0) {
    console.error(usage);
    return 2;
  }
  if (await isDirectoryHeld(resolve(path))) {
    console.error(`${path} is in use: stop its peer first, or look at a copy`);
    return 2;
  }
  const directory = nodeDirectory(path);
  const finding = await examine(directory);
  const damage = damageOf(finding);
  if (command === 'export') {
    if (finding.kind !== 'found') throw storageFailed(damage ?? 'there is nothing to export');
    if (damage !== undefined) console.error(`damaged, so this is the intact part: ${damage}`);
    for await (const line of exportZnodes(directory, finding.found, console.error)) console.log(line);
    return 0;
  }
  for (const line of command === 'inspect' ? describe(finding) : [damage ?? 'intact']) console.log(line);
  return damage === undefined ? 0 : 1;
}
