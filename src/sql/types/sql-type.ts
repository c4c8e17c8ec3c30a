/** Flink's types. Every one says whether its values may be NULL. */
export type SqlType = { readonly nullable: boolean } & (
  | { readonly kind: 'NULL' | 'BOOLEAN' | 'TINYINT' | 'SMALLINT' | 'INT' | 'BIGINT' | 'FLOAT' | 'DOUBLE' }
  | { readonly kind: 'DATE' }
  | { readonly kind: 'DECIMAL'; readonly precision: number; readonly scale: number }
  /** Lengths count characters and bytes. */
  | TextType
  | BinaryType
  | { readonly kind: 'TIME' | 'TIMESTAMP' | 'TIMESTAMP_LTZ'; readonly precision: number }
  /** Lengths of time in months, and in milliseconds. */
  | { readonly kind: 'MONTHS' | 'MILLIS'; readonly units: string }
  | { readonly kind: 'ARRAY'; readonly element: SqlType }
  /** What COLLECT makes; no column of a table is one. */
  | { readonly kind: 'MULTISET'; readonly element: SqlType }
  | { readonly kind: 'MAP'; readonly key: SqlType; readonly value: SqlType }
  | { readonly kind: 'ROW'; readonly fields: readonly RowField[] }
);

export interface TextType {
  readonly kind: 'CHAR' | 'VARCHAR';
  readonly length: number;
}

export interface BinaryType {
  readonly kind: 'BINARY' | 'VARBINARY';
  readonly length: number;
}

export interface RowField {
  readonly name: string;
  readonly type: SqlType;
}

export type TypeKind = SqlType['kind'];

/** The length of STRING and BYTES. */
export const MAX_LENGTH = 2_147_483_647;
export const MAX_PRECISION = 38;

type PlainKind = 'NULL' | 'BOOLEAN' | 'TINYINT' | 'SMALLINT' | 'INT' | 'BIGINT' | 'FLOAT' | 'DOUBLE' | 'DATE';

export const plain = (kind: PlainKind, nullable = true): SqlType => ({ kind, nullable });
export const decimal = (precision: number, scale: number, nullable = true): SqlType => ({
  kind: 'DECIMAL',
  precision,
  scale,
  nullable,
});
export const string = (nullable = true): SqlType => ({ kind: 'VARCHAR', length: MAX_LENGTH, nullable });
export const bytes = (nullable = true): SqlType => ({ kind: 'VARBINARY', length: MAX_LENGTH, nullable });
export const timestamp = (precision: number, nullable = true): SqlType => ({ kind: 'TIMESTAMP', precision, nullable });
export const localTimestamp = (precision: number, nullable = true): SqlType => ({
  kind: 'TIMESTAMP_LTZ',
  precision,
  nullable,
});

export const withNullable = (type: SqlType, nullable: boolean): SqlType =>
  type.nullable === nullable ? type : { ...type, nullable };

const integers: ReadonlySet<TypeKind> = new Set(['TINYINT', 'SMALLINT', 'INT', 'BIGINT']);

export const isInteger = (type: SqlType): boolean => integers.has(type.kind);
export const isExact = (type: SqlType): boolean => isInteger(type) || type.kind === 'DECIMAL';
export const isApproximate = (type: SqlType): boolean => type.kind === 'FLOAT' || type.kind === 'DOUBLE';
export const isNumeric = (type: SqlType): boolean => isExact(type) || isApproximate(type);
export const isText = (type: SqlType): type is SqlType & TextType => type.kind === 'CHAR' || type.kind === 'VARCHAR';
export const isBinary = (type: SqlType): type is SqlType & BinaryType =>
  type.kind === 'BINARY' || type.kind === 'VARBINARY';
export const isInterval = (type: SqlType): boolean => type.kind === 'MONTHS' || type.kind === 'MILLIS';
export const isTimestamp = (type: SqlType): boolean => type.kind === 'TIMESTAMP' || type.kind === 'TIMESTAMP_LTZ';

/** An exact number's digits, all and behind the point; integers as Flink counts them. */
export const digitsOf = (type: SqlType): { readonly precision: number; readonly scale: number } => {
  switch (type.kind) {
    case 'TINYINT':
      return { precision: 3, scale: 0 };
    case 'SMALLINT':
      return { precision: 5, scale: 0 };
    case 'INT':
      return { precision: 10, scale: 0 };
    case 'BIGINT':
      return { precision: 19, scale: 0 };
    case 'DECIMAL':
      return { precision: type.precision, scale: type.scale };
    default:
      return { precision: MAX_PRECISION, scale: 18 };
  }
};

/** As Flink writes it: `DECIMAL(10, 2) NOT NULL`. */
export const typeText = (type: SqlType): string => `${shortText(type)}${type.nullable ? '' : ' NOT NULL'}`;

/** The same without a word about NULL, and STRING for the longest VARCHAR: for messages. */
export const shortText = (type: SqlType): string => {
  switch (type.kind) {
    case 'DECIMAL':
      return `DECIMAL(${type.precision}, ${type.scale})`;
    case 'VARCHAR':
      return type.length === MAX_LENGTH ? 'STRING' : `VARCHAR(${type.length})`;
    case 'VARBINARY':
      return type.length === MAX_LENGTH ? 'BYTES' : `VARBINARY(${type.length})`;
    case 'CHAR':
    case 'BINARY':
      return `${type.kind}(${type.length})`;
    case 'TIME':
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return `${type.kind}(${type.precision})`;
    case 'MONTHS':
    case 'MILLIS':
      return `INTERVAL ${type.units}`;
    case 'ARRAY':
    case 'MULTISET':
      return `${type.kind}<${typeText(type.element)}>`;
    case 'MAP':
      return `MAP<${typeText(type.key)}, ${typeText(type.value)}>`;
    case 'ROW':
      return `ROW<${type.fields.map((field) => `${field.name} ${typeText(field.type)}`).join(', ')}>`;
    default:
      return type.kind;
  }
};
