/**
 * `npm run soak -- NAME [--option value]...` runs scripts/soak/NAME.ts and closes with one line: `soak NAME passed: ...`, or
 * `soak NAME failed: ...` and exit code 1. Without a name it lists what there is.
 */
import { readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Soak } from './soak/soak.ts';

const folder = new URL('soak/', import.meta.url);
const names = readdirSync(folder)
  .map((file) => file.replace(/\.ts$/, ''))
  .filter((name) => name !== 'soak')
  .sort();

const usage = (complaint: string): never => {
  process.stderr.write(
    `${complaint}\nusage: npm run soak -- NAME [--option value]...\nNAME is one of: ${names.join(', ')}\n`,
  );
  process.exit(2);
};

const [name, ...rest] = process.argv.slice(2);
if (name === undefined || !names.includes(name))
  usage(name === undefined ? 'no soak named' : `there is no soak named ${name}`);

const { soak } = (await import(new URL(`${name}.ts`, folder).href)) as { readonly soak: Soak };
const options: Record<string, number> = { ...soak.options };
try {
  const { values } = parseArgs({
    args: rest,
    options: Object.fromEntries(Object.keys(soak.options).map((option) => [option, { type: 'string' as const }])),
  });
  for (const [option, value] of Object.entries(values)) {
    options[option] = Number(value);
    if (!Number.isInteger(options[option])) usage(`--${option} takes a whole number, not ${value}`);
  }
} catch (error) {
  usage((error as Error).message);
}

const progress = (line: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${line}`);
};
const started = performance.now();
const print = (figures: Readonly<Record<string, number>>): string =>
  Object.entries(figures)
    .map(([figure, value]) => `${value} ${figure}`)
    .join(', ');

try {
  const figures = await soak.run(options, progress);
  progress('');
  console.log(`soak ${name} passed: ${print(figures)} in ${((performance.now() - started) / 1000).toFixed(1)} s`);
} catch (error) {
  progress('');
  console.error(error);
  console.log(`soak ${name} failed: ${(error as Error).message.split('\n')[0]} (with ${print(options)})`);
  process.exitCode = 1;
}
