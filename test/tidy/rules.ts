/** All rules, in the order in which they are reported. */
import { coreWalls } from './rules/core-walls.ts';
import { documentedErrors } from './rules/documented-errors.ts';
import { documentedLimits } from './rules/documented-limits.ts';
import { fileShape } from './rules/file-shape.ts';
import { noCycles } from './rules/no-cycles.ts';
import { packageImports } from './rules/package-imports.ts';
import { plainLanguage } from './rules/plain-language.ts';
import { portableCore } from './rules/portable-core.ts';
import { portsAreTypes } from './rules/ports-are-types.ts';
import { publicDocs } from './rules/public-docs.ts';
import { pureBrain } from './rules/pure-brain.ts';
import { testCode } from './rules/test-code.ts';
import type { Rule } from './source/rule.ts';

export const rules: readonly Rule[] = [
  coreWalls,
  packageImports,
  noCycles,
  portsAreTypes,
  pureBrain,
  portableCore,
  testCode,
  plainLanguage,
  fileShape,
  publicDocs,
  documentedErrors,
  documentedLimits,
];
