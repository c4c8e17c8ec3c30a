import { readFileSync } from 'node:fs';
import type { Change } from '../../core/change.ts';
import type { Context } from '../../core/connector.ts';
import { DebeziumJsonEncoder } from '../../formats/debezium-json/encoder.ts';
import { OutputBuffer } from '../../formats/output-buffer.ts';
import type { FileConfig } from './config.ts';

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};

/** Changes as lines, into one buffer that is used again. Schema changes and the marks of snapshots have no line. */
export class LineEncoder {
  readonly #encoder: DebeziumJsonEncoder;
  readonly #skipTruncate: boolean;
  readonly #out = new OutputBuffer();

  constructor(config: FileConfig, context: Context) {
    this.#skipTruncate = config['skipped.operations'] === 't';
    this.#encoder = new DebeziumJsonEncoder({
      name: config['topic.prefix'] ?? context.pipeline,
      version,
      now: () => Math.floor(context.clock.now() * 1_000),
      decimals: config['decimal.handling.mode'],
      unsignedBigints: config['bigint.unsigned.handling.mode'],
      times: config['time.precision.mode'],
      binaries: config['binary.handling.mode'],
      includeQuery: config['include.query'],
    });
  }

  /** Valid until the next call. */
  encode(changes: readonly Change[]): Buffer {
    this.#out.clear();
    for (const change of changes) {
      if (change.kind === 'rows') this.#encoder.encodeRows(change, this.#out);
      else if (change.kind === 'truncate' && !this.#skipTruncate) this.#encoder.encodeTruncate(change, this.#out);
    }
    return this.#out.view();
  }
}
