import type { Origin } from '../core/change.ts';
import type { SqlRow } from '../operators/incremental/delta.ts';
import type { SqlValue } from '../sql/evaluate/sql-value.ts';
import { sqlError } from '../sql/sql-error.ts';
import { type SqlType, shortText } from '../sql/types/sql-type.ts';
import type { Settings } from './connected-table.ts';
import type { Input, InputStep } from './input.ts';
import type { InputsOptions, Scan } from './open-inputs.ts';
import { ownOrigin } from './own-origin.ts';

/** Rows that are made up as they are asked for, at most so many in a second. */
export class DatagenInput implements Input {
  readonly wholeAtEnd = false;
  readonly missing: ReadonlySet<string> = new Set();
  /** What was made up is not made up again. */
  readonly resumable = null;
  readonly #scan: Scan;
  readonly #options: InputsOptions;
  readonly #rowsPerSecond: number;
  readonly #columns: readonly ((at: number) => SqlValue)[];
  #left: number;

  constructor(scan: Scan, settings: Settings, options: InputsOptions) {
    this.#scan = scan;
    this.#options = options;
    this.#rowsPerSecond = settings['rows-per-second'] as number;
    const fields = scan.table.declared!.stored.map(({ name, type, span }) =>
      fieldOf(name, type, { settings, span, random: options.evaluation.random, now: options.context.clock.now }),
    );
    this.#columns = fields.map(({ value }) => value);
    const ends = fields.flatMap(({ count }) => count ?? []);
    this.#left = Math.min((settings['number-of-rows'] as number | undefined) ?? Number.POSITIVE_INFINITY, ...ends);
  }

  async *read(signal: AbortSignal): AsyncGenerator<InputStep, void, undefined> {
    const { clock } = this.#options.context;
    const piece = Math.min(1_000, Math.max(1, Math.floor(this.#rowsPerSecond / 10)));
    const begunMs = clock.monotonic();
    let made = 0;
    while (this.#left > 0 && !signal.aborted) {
      const dueMs = begunMs + (made / this.#rowsPerSecond) * 1_000;
      const waitMs = dueMs - clock.monotonic();
      if (waitMs > 0) await clock.sleep(waitMs, signal);
      if (signal.aborted) return;
      const count = Math.min(piece, this.#left);
      const first = made;
      made += count;
      this.#left -= count;
      yield { inside: false, apply: () => this.#push(first, count) };
    }
  }

  figures(): readonly [] {
    return [];
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #push(first: number, count: number): Origin {
    for (let at = first; at < first + count; at += 1) {
      const row: SqlRow = this.#columns.map((value) => value(at));
      this.#scan.input.push(row, 1);
    }
    return ownOrigin(this.#options.context.clock.now());
  }
}

interface Field {
  readonly value: (at: number) => SqlValue;
  /** A sequence ends; null: it does not. */
  readonly count: number | null;
}

interface FieldOptions {
  readonly settings: Settings;
  readonly span: { readonly start: number; readonly end: number };
  readonly random: () => number;
  readonly now: () => number;
}

const fieldOf = (name: string, type: SqlType, { settings, span, random, now }: FieldOptions): Field => {
  const option = (key: string): string | undefined => settings[`fields.${name}.${key}`] as string | undefined;
  const number = (key: string, otherwise: number): number => {
    const text = option(key);
    if (text === undefined) return otherwise;
    if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text);
    throw sqlError('SQL_INVALID', span, { reason: `'fields.${name}.${key}' takes a number` });
  };
  const known = ['kind', 'min', 'max', 'length', 'start', 'end', 'null-rate'];
  for (const key of Object.keys(settings).filter((each) => each.startsWith(`fields.${name}.`))) {
    if (known.includes(key.slice(`fields.${name}.`.length))) continue;
    throw sqlError('SQL_INVALID', span, {
      reason: `'datagen' has no option '${key}'; a field has ${known.join(', ')}`,
    });
  }
  if (option('kind') === 'sequence') {
    const [start, end] = [number('start', 0), number('end', Number.MAX_SAFE_INTEGER)];
    const numbered = numberAs(type) ?? ((value: number): SqlValue => String(value));
    return { value: (at) => numbered(start + at), count: end - start + 1 };
  }
  const drawn = drawnField(name, type, { settings, span, random, now }, number);
  const nullRate = number('null-rate', 0);
  return { value: nullRate === 0 ? drawn : (at) => (random() < nullRate ? null : drawn(at)), count: null };
};

const drawnField = (
  name: string,
  type: SqlType,
  { span, random, now }: FieldOptions,
  number: (key: string, otherwise: number) => number,
): ((at: number) => SqlValue) => {
  switch (type.kind) {
    case 'BOOLEAN':
      return () => random() < 0.5;
    case 'CHAR':
    case 'VARCHAR': {
      const length = Math.min(number('length', 100), type.length);
      return () => Array.from({ length }, () => Math.floor(random() * 16).toString(16)).join('');
    }
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return () => Math.floor(now()) * 1_000;
    case 'DATE':
      return () => Math.floor(now() / 86_400_000);
    default: {
      const numbered = numberAs(type);
      if (numbered === null)
        throw sqlError('SQL_NOT_SUPPORTED', span, {
          what: `a made-up ${shortText(type)}`,
          reason: `leave ${name} out`,
        });
      const [least, most] = [number('min', 0), number('max', largest[type.kind] ?? 1_000_000)];
      const isWhole = type.kind !== 'DECIMAL' && type.kind !== 'FLOAT' && type.kind !== 'DOUBLE';
      return isWhole
        ? () => numbered(least + Math.floor(random() * (most - least + 1)))
        : () => numbered(least + random() * (most - least));
    }
  }
};

const largest: Readonly<Record<string, number>> = {
  TINYINT: 127,
  SMALLINT: 32_767,
  INT: 2_147_483_647,
  BIGINT: 2 ** 52,
};

/** A number as a value of the type; null: the type holds no numbers. */
const numberAs = (type: SqlType): ((value: number) => SqlValue) | null => {
  switch (type.kind) {
    case 'TINYINT':
    case 'SMALLINT':
    case 'INT':
    case 'BIGINT':
    case 'DOUBLE':
      return (value) => value;
    case 'FLOAT':
      return (value) => Math.fround(value);
    case 'DECIMAL': {
      const most = 10 ** Math.min(type.precision, 15) - 1;
      return (value) => Math.min(Math.round(value * 10 ** type.scale), most);
    }
    default:
      return null;
  }
};
