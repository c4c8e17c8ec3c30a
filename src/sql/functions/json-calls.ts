import { MillraceError } from '../../core/errors.ts';
import type { Expression, JsonBehavior, JsonCall } from '../ast/expression.ts';
import { castTo } from '../bind/cast-to.ts';
import { type Bound, call, constant, routine } from '../evaluate/bound.ts';
import { compileJsonPath, type JsonPath } from '../evaluate/json-path.ts';
import { type JsonWriter, jsonText, jsonWriter } from '../evaluate/json-text.ts';
import type { EvaluationContext, SqlValue } from '../evaluate/sql-value.ts';
import { type Span, sqlError } from '../sql-error.ts';
import { fromTypeName } from '../types/from-type-name.ts';
import { isText, plain, type SqlType, shortText, string } from '../types/sql-type.ts';

type Binder = (part: Expression) => Bound;
type Part<Kind extends JsonCall['kind']> = Extract<JsonCall, { readonly kind: Kind }>;

export const bindText = (expression: Expression, bind: Binder, what: string): Bound => {
  const bound = bind(expression);
  if (bound.type.kind === 'NULL') return constant(null, string());
  if (isText(bound.type)) return bound;
  throw sqlError('SQL_TYPE_MISMATCH', expression, { what, found: shortText(bound.type), expected: 'a text' });
};

/** A path, which is a literal and read once, with its text. */
interface BoundPath {
  readonly path: JsonPath;
  readonly text: string;
}

const bindPath = (expression: Expression, bind: Binder): BoundPath => {
  const bound = bind(expression);
  if (bound.kind !== 'constant' || typeof bound.value !== 'string') {
    throw sqlError('SQL_INVALID', expression, { reason: "a JSON path is a literal, for example '$.a[0]'" });
  }
  const path = compileJsonPath(bound.value);
  if (path === null) {
    throw sqlError('SQL_BAD_LITERAL', expression, {
      what: 'JSON path',
      expected: "'$.a', '$.a[0]', '$[''a b'']' or '$.a[*].b', after 'lax ' or 'strict '",
    });
  }
  return { path, text: bound.value };
};

const failed = (name: string, reason: string): MillraceError =>
  new MillraceError('SQL_FUNCTION_FAILED', { name, reason });

/** What a path found: one value, nothing, or that it failed. */
type Found = { readonly value: unknown } | 'empty' | 'error';

const find = (text: string, path: JsonPath): Found => {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return 'error';
  }
  const found = path.find(document);
  if (found === undefined) return path.lax ? 'empty' : 'error';
  return { value: found };
};

const returnable = ['CHAR', 'VARCHAR', 'INT', 'BIGINT', 'DOUBLE', 'BOOLEAN', 'DECIMAL', 'TINYINT', 'SMALLINT', 'FLOAT'];

/** JSON_VALUE: a scalar inside a document. */
export const jsonValue = (expression: Part<'json-value'>, bind: Binder): Bound => {
  const operand = bindText(expression.operand, bind, 'JSON_VALUE');
  const { path, text: written } = bindPath(expression.path, bind);
  const type = expression.returning === null ? string() : fromTypeName(expression.returning);
  if (!returnable.includes(type.kind)) {
    throw sqlError('SQL_INVALID', expression.returning!, { reason: 'JSON_VALUE returns STRING, a number or BOOLEAN' });
  }
  const onEmpty = bindBehavior(expression.onEmpty, type, bind, 'EMPTY');
  const onError = bindBehavior(expression.onError, type, bind, 'ERROR');
  const marker = call(
    routine(
      'JSON_VALUE',
      (text: string): SqlValue => {
        const found = find(text, path);
        if (found === 'empty' || found === 'error') return found === 'empty' ? EMPTY : ERROR;
        if (typeof found.value === 'object' && found.value !== null) return ERROR;
        return found.value === null ? null : typeof found.value === 'string' ? found.value : jsonText(found.value);
      },
      { made: written },
    ),
    [operand],
    string(),
  );
  const converted = castTo(marker, type)!;
  const run = (found: SqlValue, empty: SqlValue, error: SqlValue): SqlValue => {
    if (found === EMPTY) return onEmpty === 'raise' ? raise('JSON_VALUE', 'the path finds nothing') : empty;
    if (found === ERROR)
      return onError === 'raise' ? raise('JSON_VALUE', 'the document or the path does not fit') : error;
    return found;
  };
  const made = `${onEmpty === 'raise'} ${onError === 'raise'}`;
  const choice = (behavior: Bound | 'raise'): Bound => (behavior === 'raise' ? constant(null, type) : behavior);
  if (converted === marker || converted.kind !== 'call' || isText(type)) {
    return call(routine('JSON_VALUE', run, { lenient: true, made }), [marker, choice(onEmpty), choice(onError)], type);
  }
  // The markers are texts, so they are told apart before the value becomes a number.
  const { routine: cast } = converted;
  const runCast = (found: SqlValue, empty: SqlValue, error: SqlValue, context: EvaluationContext): SqlValue => {
    if (found === null || found === EMPTY || found === ERROR) return run(found, empty, error);
    try {
      return cast.run(found, context);
    } catch {
      return run(ERROR, empty, error);
    }
  };
  return call(
    routine('JSON_VALUE', runCast, { lenient: true, contextual: true, made }),
    [marker, choice(onEmpty), choice(onError)],
    type,
  );
};

/** Texts that no JSON value is written as: they hold what JSON escapes. */
const EMPTY = '\u0000empty';
const ERROR = '\u0000error';

export const raise = (name: string, reason: string): never => {
  throw failed(name, reason);
};

const bindBehavior = (behavior: JsonBehavior | null, type: SqlType, bind: Binder, when: string): Bound | 'raise' => {
  if (behavior === null || behavior.kind === 'NULL') return constant(null, type);
  if (behavior.kind === 'ERROR') return 'raise';
  if (behavior.kind === 'EMPTY ARRAY') return constant('[]', string(false));
  if (behavior.kind === 'EMPTY OBJECT') return constant('{}', string(false));
  if (behavior.kind !== 'DEFAULT') throw failed('JSON', `${behavior.kind} ON ${when} is for JSON_EXISTS`);
  const value = bind(behavior.value);
  const converted = castTo(value, type);
  if (converted === null) {
    throw sqlError('SQL_TYPE_MISMATCH', behavior.value, {
      what: `DEFAULT ON ${when}`,
      found: shortText(value.type),
      expected: shortText(type),
    });
  }
  return converted;
};

/** JSON_QUERY: an object or array inside a document, as text. */
export const jsonQuery = (expression: Part<'json-query'>, bind: Binder): Bound => {
  const operand = bindText(expression.operand, bind, 'JSON_QUERY');
  const { path, text: written } = bindPath(expression.path, bind);
  const onEmpty = bindBehavior(expression.onEmpty, string(), bind, 'EMPTY');
  const onError = bindBehavior(expression.onError, string(), bind, 'ERROR');
  const settle = (behavior: Bound | 'raise', reason: string): SqlValue => {
    if (behavior === 'raise') return raise('JSON_QUERY', reason);
    return behavior.kind === 'constant' ? behavior.value : null;
  };
  const run = (text: string): SqlValue => {
    const found = find(text, path);
    if (found === 'empty') return settle(onEmpty, 'the path finds nothing');
    if (found === 'error') return settle(onError, 'the document or the path does not fit');
    const isCollection = typeof found.value === 'object' && found.value !== null;
    if (expression.wrapper === 'WITH UNCONDITIONAL') return jsonText([found.value]);
    if (expression.wrapper === 'WITH CONDITIONAL' && !isCollection) return jsonText([found.value]);
    return isCollection ? jsonText(found.value) : settle(onError, 'the value is no object or array');
  };
  const settled = [onEmpty, onError].map((behavior) =>
    behavior === 'raise' ? behavior : behavior.kind === 'constant' ? [behavior.value] : null,
  );
  const made = JSON.stringify([written, expression.wrapper, settled]);
  return call(routine('JSON_QUERY', run, { made }), [operand], string());
};

/** JSON_EXISTS: whether a path finds something. */
export const jsonExists = (expression: Part<'json-exists'>, bind: Binder): Bound => {
  const operand = bindText(expression.operand, bind, 'JSON_EXISTS');
  const { path, text: written } = bindPath(expression.path, bind);
  const behavior = expression.onError?.kind ?? 'FALSE';
  const run = (text: string): SqlValue => {
    const found = find(text, path);
    if (found === 'empty') return false;
    if (found !== 'error') return true;
    if (behavior === 'ERROR') return raise('JSON_EXISTS', 'the document or the path does not fit');
    return behavior === 'UNKNOWN' ? null : behavior === 'TRUE';
  };
  return call(routine('JSON_EXISTS', run, { made: `${written} ${behavior}` }), [operand], plain('BOOLEAN'));
};

/** JSON_OBJECT(KEY k VALUE v, ...) */
export const jsonObject = (expression: Part<'json-object'>, bind: Binder): Bound => {
  const keys = expression.entries.map(({ key }) => bindText(key, bind, 'KEY'));
  const values = expression.entries.map(({ value }) => bindJsonValue(value, bind));
  const writers = values.map(({ writer }) => writer);
  const absent = expression.onNull === 'ABSENT';
  const count = keys.length;
  const run = (...all: unknown[]): SqlValue => {
    const context = all.at(-1) as EvaluationContext;
    const members: string[] = [];
    for (let i = 0; i < count; i += 1) {
      const value = all[count + i] as SqlValue;
      if (all[i] === null) return raise('JSON_OBJECT', 'a key is NULL');
      if (value === null && absent) continue;
      members.push(`${jsonText(all[i])}:${value === null ? 'null' : writers[i]!(value, context)}`);
    }
    return `{${members.join(',')}}`;
  };
  const args = [...keys, ...values.map(({ bound }) => bound)];
  const made = `${expression.onNull} ${values.map(({ isJson }) => isJson)}`;
  return call(routine('JSON_OBJECT', run, { lenient: true, contextual: true, made }), args, string(false));
};

/** JSON_ARRAY(v, ...) */
export const jsonArray = (expression: Part<'json-array'>, bind: Binder): Bound => {
  const items = expression.items.map((item) => bindJsonValue(item, bind));
  const writers = items.map(({ writer }) => writer);
  const keeps = expression.onNull === 'NULL';
  const run = (...all: unknown[]): SqlValue => {
    const context = all.at(-1) as EvaluationContext;
    const texts = (all.slice(0, -1) as SqlValue[]).map((value, index) =>
      value === null ? (keeps ? 'null' : '') : writers[index]!(value, context),
    );
    return `[${texts.filter((text) => text !== '').join(',')}]`;
  };
  return call(
    routine('JSON_ARRAY', run, {
      lenient: true,
      contextual: true,
      made: `${keeps} ${items.map(({ isJson }) => isJson)}`,
    }),
    items.map(({ bound }) => bound),
    string(false),
  );
};

const jsonMakers: ReadonlySet<Expression['kind']> = new Set(['json-object', 'json-array', 'json-query']);

/** A value with what writes it as JSON; what is JSON already goes in as it is. */
export const bindJsonValue = (
  expression: Expression,
  bind: Binder,
): { readonly bound: Bound; readonly writer: JsonWriter; readonly isJson: boolean } => {
  const bound = bind(expression);
  const isJson = jsonMakers.has(expression.kind);
  return { bound, isJson, writer: isJson ? (text: string) => text : writerOf(bound.type, expression) };
};

const writerOf = (type: SqlType, span: Span): JsonWriter => {
  const writer = jsonWriter(type);
  if (writer === null)
    throw sqlError('SQL_TYPE_MISMATCH', span, {
      what: 'JSON',
      found: shortText(type),
      expected: 'a value that JSON can hold',
    });
  return writer;
};
