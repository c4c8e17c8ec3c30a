#!/usr/bin/env node
import { nodeProblem } from './node-version.ts';

// Checked before anything else is loaded: an older Node fails on the rest with an error that names none of this.
const problem = nodeProblem(process.versions.node);
if (problem === null) {
  const { main } = await import('./run-command.ts');
  process.exitCode = await main(process.argv.slice(2));
} else {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 1;
}
