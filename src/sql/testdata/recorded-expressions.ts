import recording from './expressions.json' with { type: 'json' };
import { floatText } from '../../core/java-number.ts';
import { bindExpression } from '../bind/expression.ts';
import { castTo } from '../bind/cast-to.ts';
import { Scope } from '../bind/scope.ts';
import { type Bound, constant } from '../evaluate/bound.ts';
import { compile } from '../evaluate/compile.ts';
import { interpret } from '../evaluate/interpret.ts';
import type { EvaluationContext, SqlValue } from '../evaluate/sql-value.ts';
import { dateText, timeText, timestampText } from '../evaluate/times.ts';
import { decimalText } from '../evaluate/decimal-arithmetic.ts';
import { fromTypeName } from '../types/from-type-name.ts';
import { string, type SqlType, typeText } from '../types/sql-type.ts';
import { parseExpressionText, parseTypeText } from '../parse/grammar.ts';
import { inputRow } from './input-row.ts';

export const context: EvaluationContext = { now: () => 1_709_210_096_789, timeZone: 'UTC', random: () => 0.5 };

const types = inputRow.map(({ type }) => fromTypeName(parseTypeText(type)));
/** The recorded row's columns. */
const scope = new Scope(inputRow.map(({ name }, index) => ({ qualifier: ['input'], name, type: types[index]! })));

/** The row as expressions read it. */
const row: readonly SqlValue[] = inputRow.map(({ value }, index) => {
  if (typeof value !== 'string' || types[index]!.kind === 'VARCHAR' || types[index]!.kind === 'CHAR') return value as SqlValue;
  return interpret(castTo(constant(value, string(false)), types[index]!)!)([], context);
});

/** A value as the recording writes it. */
const shown = (value: SqlValue, type: SqlType): string => {
  if (value === null) return 'NULL';
  switch (type.kind) {
    case 'DECIMAL':
      return decimalText(value as number, type.scale);
    case 'FLOAT':
      return Number.isFinite(value) ? floatText(value as number) : String(value);
    case 'DATE':
      return dateText(value as number);
    case 'TIME':
      return timeText(value as number, 3).replace(/(:00)?\.000$/, '');
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return timestampText(value as number, 6).replace(' ', 'T').replace(/\.?0+$/, (zeros) => (zeros.startsWith('.') ? '' : ''));
    case 'BINARY':
    case 'VARBINARY':
      return `0x${Buffer.from(value as Uint8Array).toString('hex')}`;
    case 'ARRAY':
      return `[${(value as readonly SqlValue[]).map((item) => shown(item, type.element)).join(', ')}]`;
    case 'ROW':
      return `(${(value as readonly SqlValue[]).map((item, index) => shown(item, type.fields[index]!.type)).join(', ')})`;
    case 'MAP':
      return `{${[...(value as ReadonlyMap<SqlValue, SqlValue>)].map(([k, v]) => `${shown(k, type.key)}=${shown(v, type.value)}`).sort().join(', ')}}`;
    default:
      return String(value);
  }
};

/** What both sides write in their own way, in one. */
const normalType = (text: string): string =>
  text
    .replaceAll('VARCHAR(2147483647)', 'STRING')
    .replaceAll('VARBINARY(2147483647)', 'BYTES')
    .replace(/TIMESTAMP\((\d)\) WITH LOCAL TIME ZONE/, 'TIMESTAMP_LTZ($1)')
    .replace(/INTERVAL (YEAR|MONTH).*?( NOT NULL)?$/, 'INTERVAL MONTH$2')
    .replace(/INTERVAL (DAY|HOUR|MINUTE|SECOND).*?( NOT NULL)?$/, 'INTERVAL SECOND$2')
    .replaceAll('`', '');

const normalValue = (text: string, type: string): string => {
  if (/^(FLOAT|DOUBLE)/.test(type)) return text === 'NULL' ? text : String(Number(text));
  if (/^TIMESTAMP/.test(type)) return text.replace(/Z$/, '').replace(/:00$/, (end, at: number) => (at === 13 ? end : end)).replace(/(T\d\d:\d\d)$/, '$1:00').replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '');
  if (/^INTERVAL/.test(type)) {
    const months = /^P(-?\d+)M$/.exec(text);
    if (months) return months[1]!;
    const time = /^PT(?:(-?\d+)H)?(?:(-?\d+)M)?(?:(-?[\d.]+)S)?$/.exec(text);
    if (time) return String((Number(time[1] ?? 0) * 3600 + Number(time[2] ?? 0) * 60 + Number(time[3] ?? 0)) * 1000);
  }
  return text;
};

/** Every recorded expression about which Flink and we disagree: what Flink said and what we say. */
export const disagreements = (): ReadonlyMap<string, string> => {
  const found = new Map<string, string>();
  for (const result of recording.results) {
    const flink = 'type' in result && result.type !== undefined ? `${normalType(result.type)} ${normalValue(result.value!, result.type)}` : 'refused';
    let ours: string;
    try {
      const bound = bindExpression(parseExpressionText(result.expression), scope);
      const type = normalType(typeText(bound.type));
      const value = compile(bound)(row, context);
      const oracle = interpret(bound)(row, context);
      if (shown(value, bound.type) !== shown(oracle, bound.type)) throw new Error('compiled and interpreted values differ');
      ours = `${type} ${normalValue(shown(value, bound.type), type)}`;
    } catch (error) {
      if (!(error as { code?: string }).code?.startsWith('SQL_')) ours = `crash ${(error as Error).stack}`;
      else ours = 'refused';
    }
    if (flink !== ours) found.set(result.expression, `flink ${flink}, millrace ${ours}`);
  }
  return found;
};

/** Every recorded expression that is none of the refused, with its value for the recorded row as a text. */
export const boundExpressions = (): readonly { readonly text: string; readonly bound: Bound; readonly value: string }[] =>
  recording.results.flatMap(({ expression: text }) => {
    try {
      const bound = bindExpression(parseExpressionText(text), scope);
      return [{ text, bound, value: shown(interpret(bound)(row, context), bound.type) }];
    } catch {
      return [];
    }
  });
