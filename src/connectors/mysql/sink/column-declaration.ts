import type { Column, ColumnType } from '../../../core/table.ts';
import { charsetFacts } from '../../../protocol/mysql/ddl/charset-facts.ts';
import { isAtLeast, type ServerVersion } from '../../../protocol/mysql/server-version.ts';
import { quoteText } from '../statements.ts';
import type { TargetCollations } from './collation-mapping.ts';

/**
 * A column as CREATE or ALTER TABLE declares it, behind its name. Types that the target lacks become what holds the same values:
 *
 *     uuid (before MariaDB 10.7, MySQL)  CHAR(36)        inet6, inet4 (before MariaDB 10.10, MySQL)  VARCHAR(39), VARCHAR(15)
 *     vector (before MySQL 9.0, MariaDB 11.7)  LONGBLOB  json (MariaDB)                       LONGTEXT with its check
 *
 * Generated columns are plain here: they hold what the source computed.
 */
export const declareColumn = (column: Column, server: ServerVersion, collations: TargetCollations): string => {
  const { type, nullable, autoIncrement, comment } = column;
  const byDefault = autoIncrement ? '' : defaultOf(column);
  const increments = autoIncrement && type.kind === 'integer' ? ' AUTO_INCREMENT' : '';
  const note = comment === null ? '' : ` COMMENT ${quoteText(comment)}`;
  // Without a word MariaDB before 10.10 gives the first TIMESTAMP a default that changes by itself.
  const nulls = nullable ? ' NULL' : ' NOT NULL';
  return `${typeOf(column, server, collations)}${nulls}${byDefault}${increments}${note}`;
};

const typeOf = ({ type, declaration }: Column, server: ServerVersion, collations: TargetCollations): string => {
  const written = declaration?.toLowerCase() ?? '';
  const sign = 'unsigned' in type && type.unsigned ? ' unsigned' : '';
  switch (type.kind) {
    case 'integer':
      // tinyint(1) and zerofill say something that the bits do not.
      if (/^(tiny|small|medium|big)?int(\(\d+\))?( unsigned)?( zerofill)?$/.test(written)) return written;
      return `${integers[type.bits]}${sign}`;
    case 'decimal':
      return `decimal(${type.precision},${type.scale})${sign}`;
    case 'float':
    case 'double':
      if (/^(float|double)(\(\d+,\d+\))?( unsigned)?( zerofill)?$/.test(written)) return written;
      return `${type.kind}${sign}`;
    case 'bit':
      return `bit(${type.length})`;
    case 'year':
    case 'date':
      return type.kind;
    case 'time':
    case 'datetime':
    case 'timestamp':
      return type.fsp === 0 ? type.kind : `${type.kind}(${type.fsp})`;
    case 'text':
      return `${textType(type, written)}${collations.declare(type.charset, type.collation)}`;
    case 'binary':
      return binaryType(type, written);
    case 'enum':
    case 'set':
      return `${type.kind}(${type.values.map(quoteText).join(', ')})${collations.declare(type.charset, null)}`;
    case 'json':
      return 'json';
    case 'geometry':
      return shapes[type.shape] ?? 'geometry';
    case 'vector': {
      const has = server.flavor === 'mysql' ? isAtLeast(server, 9, 0) : isAtLeast(server, 11, 7);
      return has ? `vector(${type.dimensions ?? 2048})` : 'longblob';
    }
    case 'uuid':
      return server.flavor === 'mariadb' && isAtLeast(server, 10, 7)
        ? 'uuid'
        : 'char(36) CHARACTER SET ascii COLLATE ascii_general_ci';
    case 'inet6':
      return server.flavor === 'mariadb' ? 'inet6' : 'varchar(39) CHARACTER SET ascii COLLATE ascii_general_ci';
    case 'inet4':
      return server.flavor === 'mariadb' && isAtLeast(server, 10, 10)
        ? 'inet4'
        : 'varchar(15) CHARACTER SET ascii COLLATE ascii_general_ci';
  }
};

const integers = { 8: 'tinyint', 16: 'smallint', 24: 'mediumint', 32: 'int', 64: 'bigint' } as const;

const shapes = [
  'geometry',
  'point',
  'linestring',
  'polygon',
  'multipoint',
  'multilinestring',
  'multipolygon',
  'geometrycollection',
] as const;

/** By the most bytes they hold. */
const textFamily: ReadonlyMap<number, string> = new Map([
  [65_535, 'text'],
  [16_777_215, 'mediumtext'],
  [4_294_967_295, 'longtext'],
]);

const textType = (type: Extract<ColumnType, { readonly kind: 'text' }>, written: string): string => {
  if (/^((var)?char\(\d+\)|(tiny|medium|long)?text)$/.test(written)) return written;
  const perCharacter = charsetFacts(type.charset, new Map())?.maxBytes ?? 1;
  const characters = Math.max(1, Math.floor(type.maxBytes / perCharacter));
  if (type.fixed) return `char(${characters})`;
  return textFamily.get(type.maxBytes) ?? (type.maxBytes > 65_532 ? 'longtext' : `varchar(${characters})`);
};

const binaryType = (type: Extract<ColumnType, { readonly kind: 'binary' }>, written: string): string => {
  if (/^((var)?binary\(\d+\)|(tiny|medium|long)?blob)$/.test(written)) return written;
  if (type.fixed) return `binary(${type.maxBytes})`;
  const blob = textFamily.get(type.maxBytes)?.replace('text', 'blob');
  return blob ?? (type.maxBytes > 65_532 ? 'longblob' : `varbinary(${Math.max(1, type.maxBytes)})`);
};

/**
 * The default as the catalogue of either flavor words it, as SQL. One that the catalogue does not tell from a text, or that
 * would compute something else here, is left out.
 */
const defaultOf = ({ type, defaultExpression: expression, generated }: Column): string => {
  if (expression === null || generated || /^null$/i.test(expression)) return '';
  const quoted = /^'(.*)'$/s.exec(expression);
  const text = quoted === null ? expression : quoted[1]!.replaceAll("''", "'");
  switch (type.kind) {
    case 'integer':
    case 'decimal':
    case 'float':
    case 'double':
    case 'year':
      return /^[-+]?[\d.]+(e[-+]?\d+)?$/i.test(text) ? ` DEFAULT ${text}` : '';
    case 'bit':
      return /^b'[01]+'$/i.test(expression) ? ` DEFAULT ${expression}` : '';
    case 'datetime':
    case 'timestamp': {
      if (/^(current_timestamp|now)\b/i.test(expression)) {
        return ` DEFAULT CURRENT_TIMESTAMP${type.fsp === 0 ? '' : `(${type.fsp})`}`;
      }
      return /^[-\d: .]+$/.test(text) ? ` DEFAULT ${quoteText(text)}` : '';
    }
    case 'date':
    case 'time':
      return /^[-\d:.]+$/.test(text) ? ` DEFAULT ${quoteText(text)}` : '';
    case 'text':
      // TEXT takes no literal; an expression looks like a text in MySQL's catalogue.
      if (type.maxBytes >= 65_535 && !type.fixed) return '';
      return quoted === null && /\)\s*$/.test(expression) ? '' : ` DEFAULT ${quoteText(text)}`;
    case 'enum':
    case 'set':
      return ` DEFAULT ${quoteText(text)}`;
    case 'binary': {
      const hex = /^(?:0x|x')([\da-f]*)'?$/i.exec(expression)?.[1];
      return hex === undefined || type.maxBytes >= 65_535 ? '' : ` DEFAULT x'${hex}'`;
    }
    default:
      return '';
  }
};
