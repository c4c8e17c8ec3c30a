import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { MillraceError } from '../../core/errors.ts';
import { writeWhole } from '../desired-states.ts';

/** A connector's settings, as they are posted. */
export type ConnectorConfig = Readonly<Record<string, string>>;

const shape = z.strictObject({
  version: z.literal(1),
  config: z.record(z.string(), z.string()),
  /** SHA-256 of the pipeline file that was made of it. */
  file: z.string(),
});

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

/**
 * What was posted as a connector, beside the pipeline file that was made of it: `connect/NAME/config.json`, which only the owner may
 * read, and a file for each secret that the pipeline file refers to.
 */
export class PostedConnectors {
  readonly #folder: string;

  constructor(stateFolder: string) {
    this.#folder = join(stateFolder, 'connect');
  }

  /** The settings that the pipeline's file was made of; null: it was written otherwise, or changed since. */
  read(name: string, pipelineFile: string | null): ConnectorConfig | null {
    const path = this.#configPath(name);
    if (pipelineFile === null || !existsSync(path)) return null;
    try {
      const { config, file } = shape.parse(JSON.parse(readFileSync(path, 'utf8')));
      return digest(readFileSync(pipelineFile, 'utf8')) === file ? config : null;
    } catch (cause) {
      throw new MillraceError('SERVE_STATE_UNREADABLE', { file: path, reason: 'it is damaged' }, { cause });
    }
  }

  /** Writes each secret to a file of its own, by the variable that stands for it, and gives the references to them. */
  keepSecrets(name: string, secrets: ReadonlyMap<string, string>): (variable: string) => string {
    // Beside those of the file that runs: it may be asked to start again before the new one takes its place.
    const set = join(this.#folder, name, digest(JSON.stringify([...secrets])).slice(0, 16));
    for (const [variable, value] of secrets) writeWhole(join(set, variable), value);
    return (variable) => `\${file:${join(set, variable)}}`;
  }

  /** Remembers what a pipeline file was made of, and forgets the secrets that it does not name. */
  keep(name: string, config: ConnectorConfig, pipelineFile: string): void {
    const kept = { version: 1, config, file: digest(pipelineFile) };
    writeWhole(this.#configPath(name), `${JSON.stringify(kept, null, 2)}\n`);
    const folder = join(this.#folder, name);
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory() && !pipelineFile.includes(join(folder, entry.name)))
        rmSync(join(folder, entry.name), { recursive: true });
    }
  }

  forget(name: string): void {
    rmSync(join(this.#folder, name), { recursive: true, force: true });
  }

  #configPath(name: string): string {
    return join(this.#folder, name, 'config.json');
  }
}
