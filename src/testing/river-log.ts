import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { zstdDecompressSync } from 'node:zlib';
import { type BinlogPosition, fileNumber } from '../connectors/mysql/binlog-position.ts';
import { statements } from '../connectors/mysql/statements.ts';
import type { ServerError, TextResult } from '../protocol/mysql/server/answers.ts';
import type { BinlogFile } from './replay-server/recorded-log.ts';
import type { Recording } from './replay-server/recording.ts';
import { normalStatement } from './replay-server/statement-answer.ts';

/** Where the small recorded logs lie, as `NAME.json.zst`. Made by scripts/record-river.ts. */
export const riverFolder: string = fileURLToPath(new URL('river-logs', import.meta.url));

/** The logs there are. */
export const riverNames = [
  'plain',
  'definitions',
  'compressed',
  'bulk',
  'prepared',
  'offsets',
  'prepared-offsets',
] as const;

/** A place between two transactions of a log, and what its server said of the captured tables there. */
export interface RecordedMark {
  /** What was run just before, cut short. */
  readonly action: string;
  readonly file: string;
  readonly offset: number;
  /** gtid_executed; '' where GTIDs are off. */
  readonly gtids: string;
  /** Tables that differ from the mark before; null: it is gone. Values are texts, bytes in hex. */
  readonly tables: Readonly<
    Record<string, { readonly create: string; readonly rows: readonly (readonly (string | null)[])[] } | null>
  >;
}

export interface RecordedRiver {
  readonly serverVersion: string;
  readonly serverUuid: string;
  readonly answers: Readonly<Record<string, TextResult>>;
  readonly files: readonly { readonly name: string; readonly hex: string }[];
  readonly marks: readonly RecordedMark[];
}

/** A row as text: the same for the server's own words and for values that came through a pipeline. */
export const rowText = (values: readonly (unknown | undefined)[]): string =>
  values
    .map((value) =>
      value === null ? '\\N' : value instanceof Uint8Array ? Buffer.from(value).toString('hex') : `${value}`,
    )
    .join('\t');

/** The contents as one text, to compare in one go. */
export const stateText = (tables: Iterable<readonly [string, readonly string[]]>): string =>
  [...tables]
    .filter(([, rows]) => rows.length > 0)
    .map(([name, rows]) => `${name}\n${[...rows].sort().join('\n')}`)
    .sort()
    .join('\n\n');

/** A recorded log with the state of every table after each of its transactions, in the server's own words. */
export class RiverLog {
  readonly name: string;
  readonly marks: readonly RecordedMark[];
  readonly files: readonly BinlogFile[];
  readonly #river: RecordedRiver;
  readonly #states: string[] = [];
  readonly #definitions: ReadonlyMap<string, string>[] = [];
  /** All tables there ever were. */
  readonly #names: ReadonlySet<string>;
  readonly #recordings = new Map<number, Recording>();

  constructor(name: string, river: RecordedRiver) {
    this.name = name;
    this.#river = river;
    this.marks = river.marks;
    this.#names = new Set(river.marks.flatMap(({ tables }) => Object.keys(tables)));
    this.files = river.files.map(({ name: file, hex }) => ({ name: file, bytes: Buffer.from(hex, 'hex') }));
    let tables: RecordedMark['tables'] = {};
    for (const mark of river.marks) {
      tables = { ...tables, ...mark.tables };
      const there = Object.entries(tables).flatMap(([table, content]) =>
        content === null ? [] : [[table, content] as const],
      );
      this.#states.push(stateText(there.map(([table, { rows }]) => [table, rows.map(rowText)])));
      this.#definitions.push(new Map(there.map(([table, { create }]) => [table, create])));
    }
  }

  static async read(name: string): Promise<RiverLog> {
    const packed = await readFile(`${riverFolder}/${name}.json.zst`);
    return new RiverLog(name, JSON.parse(zstdDecompressSync(packed).toString()) as RecordedRiver);
  }

  /** Whether some action of the log matches. */
  has(action: RegExp): boolean {
    return this.marks.some((mark) => action.test(mark.action));
  }

  /** The contents after the mark; '' before the first one. */
  state(mark: number): string {
    return this.#states[mark] ?? '';
  }

  /** Whether a table came, went or changed its definition on the way to the mark. */
  redefines(mark: number): boolean {
    const text = (at: number): string => JSON.stringify([...(this.#definitions[at] ?? [])]);
    return text(mark - 1) !== text(mark);
  }

  /** The last mark that `position` covers; -1: none. Its GTIDs have to be the mark's own. */
  markAt(position: BinlogPosition | null): number {
    if (position === null) return -1;
    const [file, offset] = [fileNumber(position.file), position.offset];
    const mark = this.marks.findLastIndex(
      (each) => fileNumber(each.file) < file || (each.file === position.file && each.offset <= offset),
    );
    if (mark >= 0 && position.gtids !== null) assert.equal(position.gtids, this.marks[mark]!.gtids, 'GTIDs held');
    return mark;
  }

  /** The server as it stood at a mark: its log up to there and its definitions. */
  recordingAt(mark: number): Recording {
    const known = this.#recordings.get(mark);
    if (known !== undefined) return known;
    const { file, offset } = this.marks[mark]!;
    const files = this.files
      .filter(({ name }) => fileNumber(name) <= fileNumber(file))
      .map(({ name, bytes }) => ({ name, bytes: name === file ? bytes.subarray(0, offset) : bytes }));
    const { serverVersion, serverUuid, answers } = this.#river;
    const recording = { serverVersion, serverUuid, files, answers: { ...answers, ...this.#definitionAnswers(mark) } };
    this.#recordings.set(mark, recording);
    return recording;
  }

  #definitionAnswers(mark: number): Record<string, TextResult | ServerError> {
    const tables = [...this.#definitions[mark]!].sort(([a], [b]) => (a < b ? -1 : 1));
    const rows = [...tables.map(([name]) => ['river', name]), ['other', 'noise']];
    const found: Record<string, TextResult | ServerError> = {
      [normalStatement(statements.tables)]: { columns: ['TABLE_SCHEMA', 'TABLE_NAME'], rows },
    };
    for (const name of this.#names) {
      const message = `Table 'river.${name}' doesn't exist`;
      for (const statement of [statements.createTable, statements.holdDefinition]) {
        found[normalStatement(statement('river', name))] = { code: 1146, state: '42S02', message };
      }
    }
    for (const [name, create] of tables) {
      found[normalStatement(statements.createTable('river', name))] = {
        columns: ['Table', 'Create Table'],
        rows: [[name, create]],
      };
      found[normalStatement(statements.holdDefinition('river', name))] = { columns: ['1'], rows: [] };
    }
    return found;
  }
}
