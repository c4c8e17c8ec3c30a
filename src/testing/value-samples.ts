/** A table with a column per type and the n-th value of each in its n-th row. */
export const typedTable = (name: string, types: Readonly<Record<string, readonly string[]>>): string[] => {
  const columns = Object.keys(types).map((type, i) => `c${i} ${type}${/not null|null/i.test(type) ? '' : ' NULL'}`);
  const longest = Math.max(...Object.values(types).map((values) => values.length));
  // One row more, all NULL.
  const rows = Array.from(
    { length: longest + 1 },
    (_, n) =>
      `(${n + 1}, ${Object.values(types)
        .map((values) => values[n] ?? 'NULL')
        .join(', ')})`,
  );
  return [
    `DROP TABLE IF EXISTS ${name}`,
    `CREATE TABLE ${name} (id INT PRIMARY KEY, ${columns.join(', ')})`,
    `INSERT INTO ${name} VALUES ${rows.join(', ')}`,
  ];
};

export const integers: Record<string, string[]> = {
  TINYINT: ['-128', '127', '0', '-1'],
  'TINYINT UNSIGNED': ['0', '255', '128'],
  'TINYINT(1)': ['0', '1', '-128'],
  SMALLINT: ['-32768', '32767', '-1'],
  'SMALLINT UNSIGNED': ['65535', '32768'],
  MEDIUMINT: ['-8388608', '8388607', '-1'],
  'MEDIUMINT UNSIGNED': ['16777215', '8388608'],
  INT: ['-2147483648', '2147483647', '-1'],
  'INT UNSIGNED': ['4294967295', '2147483648'],
  'INT(8) ZEROFILL': ['7', '4294967295'],
  BIGINT: [
    '-9223372036854775808',
    '9223372036854775807',
    '9007199254740991',
    '9007199254740992',
    '-9007199254740991',
    '-9007199254740992',
    '-1',
    '4294967296',
  ],
  'BIGINT UNSIGNED': [
    '18446744073709551615',
    '9223372036854775808',
    '9223372036854775807',
    '9007199254740991',
    '9007199254740992',
    '0',
  ],
};

export const numbers: Record<string, string[]> = {
  'DECIMAL(65,30)': [
    '99999999999999999999999999999999999.999999999999999999999999999999',
    '-99999999999999999999999999999999999.999999999999999999999999999999',
    '0',
    '-0.000000000000000000000000000001',
    '1000000000',
    '-1',
  ],
  'DECIMAL(65,0)': [
    '99999999999999999999999999999999999999999999999999999999999999999',
    '-1',
    '1000000000000000000',
    '0',
  ],
  'DECIMAL(1,0)': ['9', '-9', '0'],
  'DECIMAL(4,4)': ['0.9999', '-0.9999', '0', '-0.0001'],
  'DECIMAL(30,30)': ['0.000000000000000000000000000001', '-0.1'],
  'DECIMAL(9,9)': ['0.123456789', '-0.000000001'],
  'DECIMAL(18,9)': ['999999999.999999999', '-999999999.999999999', '0.5', '-100000000.000000001'],
  'DECIMAL(15,3)': ['999999999999.999', '-1', '1000000000'],
  'DECIMAL(10,2) ZEROFILL': ['12.5', '0', '99999999.99'],
  'DECIMAL(20,5) UNSIGNED': ['999999999999999.99999', '0.00001'],
  'DECIMAL(12,2)': ['0', '-0.05', '-1234567890.12', '0.10', '9999999999.99'],
  FLOAT: ['1.1', '-3.4028234e38', '1e-45', "'-0'", '16777217', '0.1', '0'],
  'FLOAT UNSIGNED': ['1.1', '3.4028234e38'],
  'FLOAT(7,4)': ['1.23456', '-999.9999'],
  DOUBLE: [
    '1.7976931348623157e308',
    '-1.7976931348623157e308',
    '5e-324',
    '2.2250738585072014e-308',
    "'-0'",
    '0.1',
    '-1.2345678901234567e-300',
    '123456789012345680',
    '1e15',
    '1e22',
    '0',
  ],
  'DOUBLE(10,2)': ['12.5', '-99999999.99', '0.1'],
  'BIT(1)': ["b'1'", "b'0'"],
  'BIT(13)': ["b'1000000000101'", "b'0'"],
  'BIT(33)': ["b'111111111111111111111111111111111'", '1'],
  'BIT(54)': ['9007199254740991', '9007199254740992'],
  'BIT(64)': [
    "b'1111111111111111111111111111111111111111111111111111111111111111'",
    '9007199254740991',
    '9007199254740992',
    '1',
  ],
  YEAR: ['1901', '2155', '0', '2024'],
};

export const temporals = (): Record<string, string[]> => {
  const types: Record<string, string[]> = {
    DATE: [
      "'1000-01-01'",
      "'9999-12-31'",
      "'0000-00-00'",
      "'2016-00-28'",
      "'0003-00-00'",
      "'2024-02-29'",
      "'2024-12-00'",
      "'0001-01-01'",
    ],
  };
  for (let fsp = 0; fsp <= 6; fsp += 1) {
    const digits = (text: string): string => (fsp === 0 ? '' : `.${text.slice(0, fsp)}`);
    types[`TIME(${fsp})`] = [
      "'-838:59:59'",
      "'838:59:59'",
      `'-00:00:00${digits('500000')}'`,
      `'-01:02:03${digits('004005')}'`,
      "'-00:00:01'",
      "'00:00:00'",
      `'23:59:59${digits('999999')}'`,
      `'-00:00:00${digits('999999')}'`,
      `'-100:00:00${digits('000001')}'`,
      `'838:59:58${digits('999999')}'`,
    ];
    types[`DATETIME(${fsp})`] = [
      "'1000-01-01 00:00:00'",
      `'9999-12-31 23:59:59${digits('999999')}'`,
      "'0000-00-00 00:00:00'",
      `'2024-00-00 01:02:03${digits('040506')}'`,
      `'2024-02-29 12:34:56${digits('000001')}'`,
      `'0000-01-01 00:00:00${digits('100000')}'`,
    ];
    types[`TIMESTAMP(${fsp}) NULL`] = [
      "'1970-01-01 00:00:01'",
      `'2038-01-19 03:14:07${digits('999999')}'`,
      "'0000-00-00 00:00:00'",
      `'2024-02-29 23:59:59${digits('123456')}'`,
      "'2000-12-31 23:59:59'",
      "'2001-03-01 00:00:00'",
    ];
  }
  return types;
};

const members = Array.from({ length: 64 }, (_, i) => `'m${i}'`).join(',');
const many = Array.from({ length: 300 }, (_, i) => `'v${i}'`).join(',');

export const strings: Record<string, string[]> = {
  'CHAR(0)': ["''"],
  'CHAR(10)': ["'a  '", "''", "'日本語🎉'", "'  x'"],
  'CHAR(255)': ["REPEAT('🎉', 255)", "'short'", "REPEAT('x', 255)", "REPEAT('x', 250)"],
  'CHAR(10) CHARACTER SET latin1': ["'café€'", "''"],
  'VARCHAR(10)': ["'a  '", "''", "'twelve chars'", "'0123456789'"],
  'VARCHAR(63)': ["REPEAT('a', 63)", "REPEAT('é', 63)", "'exactly12345'", "'thirteen chars'"],
  'VARCHAR(300) CHARACTER SET latin1': ["'café €'", "REPEAT('ÿ', 300)", "'plain'"],
  'VARCHAR(20) CHARACTER SET utf8mb3': ["'日本'", "'x'"],
  'VARCHAR(20) CHARACTER SET ascii': ["'plain'"],
  'VARCHAR(20) CHARACTER SET swe7': ["'[\\\\]'", "'ÅÄÖ'"],
  'VARCHAR(20) CHARACTER SET utf16': ["'a🎉日'", "''"],
  'VARCHAR(20) CHARACTER SET utf16le': ["'a🎉日'", "''"],
  'VARCHAR(20) CHARACTER SET utf32': ["'a🎉日'", "''"],
  'VARCHAR(20) CHARACTER SET ucs2': ["'a日'", "''"],
  'VARCHAR(20) CHARACTER SET sjis': ["'表ソ能'", "'ｱa'"],
  'VARCHAR(20) CHARACTER SET cp932': ["'表①髙'"],
  'VARCHAR(20) CHARACTER SET ujis': ["'日本ｱ'"],
  'VARCHAR(20) CHARACTER SET eucjpms': ["'日本①'"],
  'VARCHAR(20) CHARACTER SET gbk': ["'中文€'", "'x'"],
  'VARCHAR(20) CHARACTER SET gb2312': ["'中文'"],
  'VARCHAR(20) CHARACTER SET big5': ["'中文'"],
  'VARCHAR(20) CHARACTER SET euckr': ["'한국'"],
  'VARCHAR(20) CHARACTER SET cp1251': ["'Привет'"],
  'VARCHAR(20) CHARACTER SET koi8r': ["'Привет'"],
  'VARCHAR(20) CHARACTER SET greek': ["'αβγ'"],
  'VARCHAR(20) CHARACTER SET hebrew': ["'שלום'"],
  'VARCHAR(20) CHARACTER SET tis620': ["'ไทย'"],
  TINYTEXT: ["REPEAT('x', 255)", "''", "'tab\\tnew\\nline\\0nul'"],
  TEXT: ["REPEAT('é', 20000)", "''"],
  MEDIUMTEXT: ["REPEAT('y', 70000)", "''"],
  LONGTEXT: ["REPEAT('z', 70000)", "''"],
  'TEXT CHARACTER SET latin1': ["REPEAT('é', 300)", "'€'"],
  'BINARY(4)': ["x'01020000'", "x'00000000'", "x'000000FF'", "''"],
  'BINARY(255)': ["REPEAT(x'FF', 255)", "x'00'"],
  'VARBINARY(20)': ["x'0100'", "x'00'", "''", "x'FFFE'"],
  'VARBINARY(300)': ["REPEAT(x'80', 300)", "x'0000'"],
  TINYBLOB: ["REPEAT(x'00', 255)", "''"],
  BLOB: ["REPEAT(x'0102', 30000)", "x'C3'"],
  MEDIUMBLOB: ["REPEAT(x'FF', 70000)"],
  LONGBLOB: ["REPEAT(x'00', 70000)", "''"],
  "ENUM('x','é','it''s','a,b','back\\\\slash')": ["'x'", "'é'", "'it''s'", "'a,b'", "'back\\\\slash'", "'no such'"],
  "ENUM('é','ß') CHARACTER SET latin1": ["'é'", "'ß'"],
  [`ENUM(${many})`]: ["'v0'", "'v299'", "'v255'", "'v256'"],
  "SET('p','q','é')": ["'p,q'", "''", "'é'", "'q,p'"],
  [`SET(${members})`]: ["'m0'", "'m63'", "'m31,m32'", "'m0,m31,m32,m63'", "''", '18446744073709551615'],
  "SET('a','b','c','d','e','f','g','h','i')": ["'a,i'", "'h'"],
};

export const mysqlOnly: Record<string, string[]> = {
  JSON: [
    '\'{"a":[1,70000,-1.5,"é",null,true],"bb":{}}\'',
    "'null'",
    '\'"\\\\"q\\\\u0001\\\\n/"\'',
    "'18446744073709551615'",
    "'-9223372036854775808'",
    "JSON_ARRAY(DATE'2024-01-02', CAST('-12:34:56.789' AS TIME(3)), CAST(1.50 AS DECIMAL(5,2)), TIMESTAMP'2024-01-02 03:04:05.000006', x'00ff', b'1')",
  ],
  'VECTOR(2)': ["STRING_TO_VECTOR('[1,-2.5]')"],
  'VECTOR(2048)': ["STRING_TO_VECTOR(CONCAT('[', REPEAT('0.5,', 1999), '1]'))"],
  POINT: ["ST_GeomFromText('POINT(1 2)')", "ST_GeomFromText('POINT(10 20)', 4326)"],
  GEOMETRY: ["ST_GeomFromText('LINESTRING(0 0,1 1)')", "ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1))')"],
  POLYGON: ["ST_GeomFromText('POLYGON((0 0,1 0,1 1,0 0))')"],
  LINESTRING: ["ST_GeomFromText('LINESTRING(0 0,1 1)')"],
  MULTIPOINT: ["ST_GeomFromText('MULTIPOINT(0 0,1 1)')"],
  MULTILINESTRING: ["ST_GeomFromText('MULTILINESTRING((0 0,1 1))')"],
  MULTIPOLYGON: ["ST_GeomFromText('MULTIPOLYGON(((0 0,1 0,1 1,0 0)))')"],
  GEOMETRYCOLLECTION: ["ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1))')"],
  'VARCHAR(20) CHARACTER SET gb18030': ["'中文🎉€'"],
};

export const mariadbOnly = (version: string): Record<string, string[]> => ({
  JSON: ['\'{"a": [1,  2]}\'', "'null'"],
  UUID: [
    "'123e4567-e89b-12d3-a456-426655440000'",
    "'00000000-0000-0000-0000-000000000000'",
    "'ffffffff-ffff-ffff-ffff-ffffffffffff'",
    "'018f0000-0000-7000-8000-000000000000'",
  ],
  INET6: [
    "'::'",
    "'::1'",
    "'2001:db8::ff00:42:8329'",
    "'::ffff:192.0.2.1'",
    "'::192.0.2.1'",
    "'1:0:0:2::'",
    "'fe80::'",
    "'1:2:3:4:5:6:7:0'",
    "'::2:3:4:5:6:7:8'",
    "'1:0:3:0:5:0:7:8'",
    "'::ffff:0:0'",
    "'::1:0:0'",
  ],
  INET4: ["'10.0.0.0'", "'0.0.0.0'", "'255.255.255.255'", "'1.2.3.4'"],
  POINT: ["ST_GeomFromText('POINT(1 2)')"],
  GEOMETRY: ["ST_GeomFromText('LINESTRING(0 0,1 1)', 4326)"],
  GEOMETRYCOLLECTION: ["ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1))')"],
  'VARCHAR(1000) COMPRESSED': ["REPEAT('b', 200)", "''", "'x'", "REPEAT('é', 900)"],
  'VARCHAR(100) COMPRESSED CHARACTER SET latin1': ["REPEAT('é', 100)", "'x'"],
  'TEXT COMPRESSED': ["REPEAT('c', 300)", "''", "'short'"],
  'VARBINARY(1000) COMPRESSED': ["REPEAT(x'00', 900)", "x'00'"],
  'LONGBLOB COMPRESSED': ["REPEAT(x'0102', 50000)", "x'00'", "''"],
  ...(version.includes('11.8')
    ? { 'TIMESTAMP(6) NULL': ["'2106-02-07 06:28:15.999999'", "'2038-01-19 03:14:08'"] }
    : {}),
  ...(version.includes('11.8')
    ? { "VECTOR(3) NOT NULL DEFAULT x'000000000000000000000000'": Array(13).fill("VEC_FromText('[1,-2.5,3]')") }
    : {}),
});

/** mulberry32: the same documents in every run. */
export const seeded = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
};
