/** Builds what is published: dist/ with what the entries of tsconfig.build.json reach, and the files that are read at run time. */
import { execFileSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const compiler = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url));
/** Under src/, and at the same place under dist/. */
const readAtRunTime = ['demo/recording'];

rmSync(`${root}dist`, { recursive: true, force: true });
execFileSync(process.execPath, [compiler, '--project', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
for (const path of readAtRunTime) cpSync(`${root}src/${path}`, `${root}dist/${path}`, { recursive: true });
