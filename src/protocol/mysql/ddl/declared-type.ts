import type { ColumnType } from '../../../core/table.ts';
import {
  binaryCollation,
  canonicalCharset,
  canonicalCollation,
  charsetFacts,
  charsetOfCollation,
} from './charset-facts.ts';
import type { TokenCursor } from './token-cursor.ts';

/** A column's type as written, under its catalogue name: INTEGER and INT4 are both `int`. */
export interface DeclaredType {
  readonly name: string;
  /** Characters, bytes, digits, fraction digits or dimensions, whatever the type counts; null: not said. */
  readonly length: number | null;
  readonly scale: number | null;
  readonly unsigned: boolean;
  readonly zerofill: boolean;
  /** ENUM's and SET's members. */
  readonly values: readonly string[];
  readonly charset: string | null;
  readonly collation: string | null;
  /** The BINARY attribute: the charset's binary collation. */
  readonly binaryCollation: boolean;
  /** MariaDB's COMPRESSED attribute. */
  readonly compressed: boolean;
  /** SERIAL says more than a type. */
  readonly serial: boolean;
}

/** What a type depends on beside its own words. */
export interface TypeSurroundings {
  readonly flavor: 'mysql' | 'mariadb';
  /** The table's default charset and collation. */
  readonly charset: string;
  readonly collation: string;
  /** Charset to default collation, where the server's differ from the built-in ones. */
  readonly defaultCollations: ReadonlyMap<string, string>;
}

export interface ResolvedType {
  readonly type: ColumnType;
  /** As information_schema.COLUMNS.COLUMN_TYPE prints it. */
  readonly declaration: string;
}

const plain = (name: string): DeclaredType => ({
  name,
  length: null,
  scale: null,
  unsigned: false,
  zerofill: false,
  values: [],
  charset: null,
  collation: null,
  binaryCollation: false,
  compressed: false,
  serial: false,
});

/** One-word names and their catalogue names. */
const names: Readonly<Record<string, string>> = {
  TINYINT: 'tinyint',
  INT1: 'tinyint',
  SMALLINT: 'smallint',
  INT2: 'smallint',
  MEDIUMINT: 'mediumint',
  MIDDLEINT: 'mediumint',
  INT3: 'mediumint',
  INT: 'int',
  INTEGER: 'int',
  INT4: 'int',
  BIGINT: 'bigint',
  INT8: 'bigint',
  DECIMAL: 'decimal',
  DEC: 'decimal',
  NUMERIC: 'decimal',
  FIXED: 'decimal',
  NUMBER: 'decimal',
  FLOAT: 'float',
  FLOAT4: 'float',
  FLOAT8: 'double',
  DOUBLE: 'double',
  REAL: 'double',
  BIT: 'bit',
  YEAR: 'year',
  DATE: 'date',
  TIME: 'time',
  DATETIME: 'datetime',
  TIMESTAMP: 'timestamp',
  CHAR: 'char',
  CHARACTER: 'char',
  VARCHAR: 'varchar',
  VARCHARACTER: 'varchar',
  VARCHAR2: 'varchar',
  TINYTEXT: 'tinytext',
  TEXT: 'text',
  MEDIUMTEXT: 'mediumtext',
  LONGTEXT: 'longtext',
  CLOB: 'longtext',
  BINARY: 'binary',
  VARBINARY: 'varbinary',
  RAW: 'varbinary',
  TINYBLOB: 'tinyblob',
  BLOB: 'blob',
  MEDIUMBLOB: 'mediumblob',
  LONGBLOB: 'longblob',
  ENUM: 'enum',
  SET: 'set',
  JSON: 'json',
  GEOMETRY: 'geometry',
  POINT: 'point',
  LINESTRING: 'linestring',
  POLYGON: 'polygon',
  MULTIPOINT: 'multipoint',
  MULTILINESTRING: 'multilinestring',
  MULTIPOLYGON: 'multipolygon',
  GEOMETRYCOLLECTION: 'geometrycollection',
  GEOMCOLLECTION: 'geometrycollection',
  VECTOR: 'vector',
  UUID: 'uuid',
  INET4: 'inet4',
  INET6: 'inet6',
};

/** Reads a type with the attributes that belong to it (sign, charset), up to what belongs to the column. */
export const readType = (cursor: TokenCursor, realAsFloat: boolean): DeclaredType => {
  const type = readTypeName(cursor, realAsFloat);
  return readTypeAttributes(cursor, type);
};

const readTypeName = (cursor: TokenCursor, realAsFloat: boolean): DeclaredType => {
  const word = cursor.peek().keyword;
  switch (word) {
    case 'BOOL':
    case 'BOOLEAN':
      cursor.take();
      return { ...plain('tinyint'), length: 1 };
    case 'SERIAL':
      cursor.take();
      return { ...plain('bigint'), unsigned: true, serial: true };
    case 'NATIONAL':
      cursor.take();
      return { ...readCharacterType(cursor), charset: 'utf8mb3' };
    case 'NCHAR':
      cursor.take();
      return {
        ...withLength(cursor, cursor.skipAny('VARYING', 'VARCHAR') === null ? 'char' : 'varchar'),
        charset: 'utf8mb3',
      };
    case 'NVARCHAR':
      cursor.take();
      return { ...withLength(cursor, 'varchar'), charset: 'utf8mb3' };
    case 'CHAR':
    case 'CHARACTER':
      return readCharacterType(cursor);
    case 'LONG':
      cursor.take();
      if (cursor.skip('VARBINARY')) return plain('mediumblob');
      if (cursor.skipAny('VARCHAR', 'VARCHARACTER') === null && cursor.skipAny('CHAR', 'CHARACTER') !== null) {
        cursor.expect('VARYING');
      }
      return plain('mediumtext');
    case 'ENUM':
    case 'SET':
      cursor.take();
      return { ...plain(names[word]!), values: readValues(cursor) };
    case 'DOUBLE':
      cursor.take();
      cursor.skip('PRECISION');
      return withPrecision(cursor, 'double');
    case 'REAL':
      cursor.take();
      return withPrecision(cursor, realAsFloat ? 'float' : 'double');
  }
  const name = names[word];
  if (name === undefined) cursor.fail('a type');
  cursor.take();
  return ['decimal', 'float', 'double'].includes(name) ? withPrecision(cursor, name) : withLength(cursor, name);
};

/** CHAR, CHARACTER VARYING, VARCHAR and, with BYTE, their binary twins. */
const readCharacterType = (cursor: TokenCursor): DeclaredType => {
  const word = cursor.take().keyword;
  if (word === 'VARCHAR' || word === 'VARCHARACTER') return withLength(cursor, 'varchar');
  if (word !== 'CHAR' && word !== 'CHARACTER') cursor.fail('CHAR or VARCHAR');
  return withLength(cursor, cursor.skip('VARYING') ? 'varchar' : 'char');
};

const withLength = (cursor: TokenCursor, name: string): DeclaredType => {
  if (!cursor.skipSymbol('(')) return plain(name);
  const length = cursor.integer();
  // VARCHAR2(20 CHAR) in MariaDB's Oracle mode.
  cursor.skipAny('CHAR', 'BYTE');
  cursor.expectSymbol(')');
  return { ...plain(name), length };
};

const withPrecision = (cursor: TokenCursor, name: string): DeclaredType => {
  if (!cursor.skipSymbol('(')) return plain(name);
  const length = cursor.integer();
  const scale = cursor.skipSymbol(',') ? cursor.integer() : null;
  cursor.expectSymbol(')');
  return { ...plain(name), length, scale };
};

const readValues = (cursor: TokenCursor): readonly string[] => {
  const values: string[] = [];
  cursor.expectSymbol('(');
  do {
    // A charset introducer (_latin1'x') says how the statement's bytes were meant; the text is already decoded.
    if (cursor.peek().keyword.startsWith('_')) cursor.take();
    // Trailing spaces of members are cut by the server.
    values.push(cursor.string().replace(/ +$/, ''));
  } while (cursor.skipSymbol(','));
  cursor.expectSymbol(')');
  return values;
};

const readTypeAttributes = (cursor: TokenCursor, start: DeclaredType): DeclaredType => {
  let type = start;
  for (;;) {
    if (cursor.skip('UNSIGNED')) type = { ...type, unsigned: true };
    else if (cursor.skip('ZEROFILL')) type = { ...type, unsigned: true, zerofill: true };
    else if (cursor.skip('SIGNED')) type = { ...type, unsigned: false };
    else if (cursor.skip('CHARACTER', 'SET') || cursor.skip('CHAR', 'SET') || cursor.skip('CHARSET')) {
      type = { ...type, charset: canonicalCharset(cursor.nameOrString()) };
    } else if (cursor.skip('ASCII')) type = { ...type, charset: 'latin1' };
    else if (cursor.skip('UNICODE')) type = { ...type, charset: 'ucs2' };
    else if (cursor.skip('BYTE')) type = { ...type, charset: 'binary' };
    else if (cursor.skip('BINARY')) type = { ...type, binaryCollation: true };
    else if (cursor.at('COMPRESSED')) type = { ...type, compressed: readCompressed(cursor) };
    else return type;
  }
};

/** COMPRESSED or COMPRESSED=zlib. */
const readCompressed = (cursor: TokenCursor): true => {
  cursor.take();
  if (cursor.skipSymbol('=')) cursor.take();
  return true;
};

/** What the server makes of a declared type in a table; null: it would have refused the statement. */
export const resolveType = (declared: DeclaredType, around: TypeSurroundings): ResolvedType | null => {
  const { name } = declared;
  switch (name) {
    case 'tinyint':
    case 'smallint':
    case 'mediumint':
    case 'int':
    case 'bigint':
      return integerType(declared, around.flavor);
    case 'decimal': {
      const precision = declared.length ?? 10;
      const scale = declared.scale ?? 0;
      return {
        type: { kind: 'decimal', precision: precision === 0 ? 10 : precision, scale, unsigned: declared.unsigned },
        declaration: `decimal(${precision === 0 ? 10 : precision},${scale})${sign(declared)}`,
      };
    }
    case 'float':
    case 'double':
      return floatType(declared);
    case 'bit': {
      const length = declared.length ?? 1;
      return {
        type: { kind: 'bit', length: length === 0 ? 1 : length },
        declaration: `bit(${length === 0 ? 1 : length})`,
      };
    }
    case 'year':
      return {
        type: { kind: 'year' },
        declaration: around.flavor === 'mariadb' ? `year(${declared.length ?? 4})` : 'year',
      };
    case 'date':
      return { type: { kind: 'date' }, declaration: 'date' };
    case 'time':
    case 'datetime':
    case 'timestamp': {
      const fsp = declared.length ?? 0;
      return { type: { kind: name, fsp }, declaration: fsp === 0 ? name : `${name}(${fsp})` };
    }
    case 'json':
      // MariaDB's JSON is LONGTEXT with a check, and declared as such in its catalogue.
      return { type: { kind: 'json' }, declaration: around.flavor === 'mariadb' ? 'longtext' : 'json' };
    case 'vector': {
      const dimensions = declared.length ?? 2048;
      return { type: { kind: 'vector', dimensions }, declaration: `vector(${dimensions})` };
    }
    case 'uuid':
    case 'inet4':
    case 'inet6':
      return { type: { kind: name }, declaration: name };
    case 'enum':
    case 'set':
      return memberType(declared, name, around);
    case 'binary':
    case 'varbinary':
    case 'tinyblob':
    case 'blob':
    case 'mediumblob':
    case 'longblob':
      return binaryType(declared);
    case 'char':
    case 'varchar':
    case 'tinytext':
    case 'text':
    case 'mediumtext':
    case 'longtext':
      return textType(declared, around);
  }
  const shape = shapes.indexOf(name);
  if (shape < 0) return null;
  const printed = name === 'geometrycollection' && around.flavor === 'mysql' ? 'geomcollection' : name;
  return { type: { kind: 'geometry', shape }, declaration: printed };
};

/** In the order MySQL numbers them. */
const shapes = [
  'geometry',
  'point',
  'linestring',
  'polygon',
  'multipoint',
  'multilinestring',
  'multipolygon',
  'geometrycollection',
];

const sign = ({ unsigned, zerofill }: DeclaredType): string =>
  `${unsigned ? ' unsigned' : ''}${zerofill ? ' zerofill' : ''}`;

const integers = {
  tinyint: { bits: 8, width: 4, unsignedWidth: 3 },
  smallint: { bits: 16, width: 6, unsignedWidth: 5 },
  mediumint: { bits: 24, width: 9, unsignedWidth: 8 },
  int: { bits: 32, width: 11, unsignedWidth: 10 },
  bigint: { bits: 64, width: 20, unsignedWidth: 20 },
} as const;

/** MySQL prints display widths only where they mean something: zerofill and tinyint(1). */
const integerType = (declared: DeclaredType, flavor: 'mysql' | 'mariadb'): ResolvedType => {
  const name = declared.name as keyof typeof integers;
  const { bits, width, unsignedWidth } = integers[name];
  const { unsigned, zerofill, length } = declared;
  const shown = length === null || length === 0 ? (unsigned ? unsignedWidth : width) : length;
  const printed = flavor === 'mariadb' || zerofill || (name === 'tinyint' && length === 1 && !unsigned);
  return {
    type: { kind: 'integer', bits, unsigned },
    declaration: `${name}${printed ? `(${shown})` : ''}${sign(declared)}`,
  };
};

const floatType = (declared: DeclaredType): ResolvedType => {
  const { length, scale, unsigned } = declared;
  // FLOAT(p) is a precision in bits and picks the type; FLOAT(m,d) is a display format.
  const kind = declared.name === 'float' && scale === null && length !== null && length > 24 ? 'double' : declared.name;
  return {
    type: { kind: kind === 'float' ? 'float' : 'double', unsigned },
    declaration: `${kind}${scale === null ? '' : `(${length},${scale})`}${sign(declared)}`,
  };
};

const blobBytes: Readonly<Record<string, number>> = {
  tiny: 0xff,
  '': 0xffff,
  medium: 0xffffff,
  long: 0xffffffff,
};

/** The smallest of TINY, plain, MEDIUM and LONG that holds `bytes`. */
const blobSize = (bytes: number): string => Object.keys(blobBytes).find((size) => bytes <= blobBytes[size]!) ?? 'long';

const binaryType = (declared: DeclaredType): ResolvedType => {
  const { name, length } = declared;
  const compressed = declared.compressed ? compressedMark : '';
  if (name === 'binary' || name === 'varbinary') {
    const bytes = length ?? 1;
    // Outside strict mode the server turns a VARBINARY that is too long into a BLOB.
    if (bytes > 0xffff) return binaryType({ ...declared, name: `${blobSize(bytes)}blob`, length: null });
    return {
      type: { kind: 'binary', fixed: name === 'binary', maxBytes: bytes },
      declaration: `${name}(${bytes})${compressed}`,
    };
  }
  const size = name === 'blob' && length !== null && length > 0 ? blobSize(length) : name.slice(0, -'blob'.length);
  return {
    type: { kind: 'binary', fixed: false, maxBytes: blobBytes[size]! },
    declaration: `${size}blob${compressed}`,
  };
};

const compressedMark = ' /*M!100301 COMPRESSED*/';

const textType = (declared: DeclaredType, around: TypeSurroundings): ResolvedType | null => {
  const charset = columnCharset(declared, around);
  if (charset === null) return null;
  const { name, length } = declared;
  if (charset.name === 'binary') {
    const binary = name === 'char' ? 'binary' : name === 'varchar' ? 'varbinary' : name.replace('text', 'blob');
    return binaryType({ ...declared, name: binary });
  }
  const compressed = declared.compressed ? compressedMark : '';
  const text = { kind: 'text', charset: charset.name, collation: charset.collation } as const;
  if (name === 'char' || name === 'varchar') {
    const characters = length ?? 1;
    const maxBytes = characters * charset.maxBytes;
    // Outside strict mode the server turns a VARCHAR that is too long into a TEXT.
    if (maxBytes > 0xffff) return textType({ ...declared, name: `${blobSize(maxBytes)}text`, length: null }, around);
    return { type: { ...text, fixed: name === 'char', maxBytes }, declaration: `${name}(${characters})${compressed}` };
  }
  const size =
    name === 'text' && length !== null && length > 0
      ? blobSize(length * charset.maxBytes)
      : name.slice(0, -'text'.length);
  return {
    type: { ...text, fixed: false, maxBytes: blobBytes[size]! },
    declaration: `${size}text${compressed}`,
  };
};

const memberType = (declared: DeclaredType, kind: 'enum' | 'set', around: TypeSurroundings): ResolvedType | null => {
  const charset = columnCharset(declared, around);
  if (charset === null) return null;
  const members = declared.values.map(quotedText).join(',');
  return { type: { kind, values: declared.values, charset: charset.name }, declaration: `${kind}(${members})` };
};

/** As the servers print it (append_unescaped in sql/sql_show.cc). */
export const quotedText = (value: string): string => {
  const escaped = value
    .replaceAll('\\', '\\\\')
    .replaceAll('\0', '\\0')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll("'", "''");
  return `'${escaped}'`;
};

/** A column's charset and collation from its own words, else from the table; null: a charset that no server has. */
const columnCharset = (
  declared: DeclaredType,
  around: TypeSurroundings,
): { readonly name: string; readonly collation: string; readonly maxBytes: number } | null => {
  const named = declared.charset ?? (declared.collation === null ? null : charsetOfCollation(declared.collation));
  const name = named ?? around.charset;
  const facts = charsetFacts(name, around.defaultCollations);
  if (facts === null) return null;
  if (declared.collation !== null && declared.collation.toLowerCase() !== 'default') {
    return { name, collation: canonicalCollation(declared.collation, name), maxBytes: facts.maxBytes };
  }
  if (declared.binaryCollation) return { name, collation: binaryCollation(name), maxBytes: facts.maxBytes };
  const collation = named === null ? around.collation : facts.collation;
  return { name, collation, maxBytes: facts.maxBytes };
};
