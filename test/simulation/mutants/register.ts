/** Loaded by `node --import`: from here on, sources are loaded with the edits that the environment names. */
import { register } from 'node:module';
import type { HookFacts } from './hooks.ts';

const text = process.env['QUORATE_MUTANT'];
if (text === undefined) throw new TypeError('QUORATE_MUTANT names the edits, and is missing');
const { root, edits } = JSON.parse(text) as HookFacts;
register<HookFacts>('./hooks.js', { parentURL: import.meta.url, data: { root, edits } });
