/** What CREATE TABLE needs to know of a charset: the most bytes a character takes, and the collation it has when none is named. */
export interface CharsetFacts {
  readonly maxBytes: number;
  readonly collation: string;
}

const facts = (maxBytes: number, collation: string): CharsetFacts => ({ maxBytes, collation });

/** MySQL's and MariaDB's charsets, with the default collations that never differed between servers. */
const charsets: ReadonlyMap<string, CharsetFacts> = new Map([
  ['armscii8', facts(1, 'armscii8_general_ci')],
  ['ascii', facts(1, 'ascii_general_ci')],
  ['big5', facts(2, 'big5_chinese_ci')],
  ['binary', facts(1, 'binary')],
  ['cp1250', facts(1, 'cp1250_general_ci')],
  ['cp1251', facts(1, 'cp1251_general_ci')],
  ['cp1256', facts(1, 'cp1256_general_ci')],
  ['cp1257', facts(1, 'cp1257_general_ci')],
  ['cp850', facts(1, 'cp850_general_ci')],
  ['cp852', facts(1, 'cp852_general_ci')],
  ['cp866', facts(1, 'cp866_general_ci')],
  ['cp932', facts(2, 'cp932_japanese_ci')],
  ['dec8', facts(1, 'dec8_swedish_ci')],
  ['eucjpms', facts(3, 'eucjpms_japanese_ci')],
  ['euckr', facts(2, 'euckr_korean_ci')],
  ['gb18030', facts(4, 'gb18030_chinese_ci')],
  ['gb2312', facts(2, 'gb2312_chinese_ci')],
  ['gbk', facts(2, 'gbk_chinese_ci')],
  ['geostd8', facts(1, 'geostd8_general_ci')],
  ['greek', facts(1, 'greek_general_ci')],
  ['hebrew', facts(1, 'hebrew_general_ci')],
  ['hp8', facts(1, 'hp8_english_ci')],
  ['keybcs2', facts(1, 'keybcs2_general_ci')],
  ['koi8r', facts(1, 'koi8r_general_ci')],
  ['koi8u', facts(1, 'koi8u_general_ci')],
  ['latin1', facts(1, 'latin1_swedish_ci')],
  ['latin2', facts(1, 'latin2_general_ci')],
  ['latin5', facts(1, 'latin5_turkish_ci')],
  ['latin7', facts(1, 'latin7_general_ci')],
  ['macce', facts(1, 'macce_general_ci')],
  ['macroman', facts(1, 'macroman_general_ci')],
  ['sjis', facts(2, 'sjis_japanese_ci')],
  ['swe7', facts(1, 'swe7_swedish_ci')],
  ['tis620', facts(1, 'tis620_thai_ci')],
  ['ucs2', facts(2, 'ucs2_general_ci')],
  ['ujis', facts(3, 'ujis_japanese_ci')],
  ['utf16', facts(4, 'utf16_general_ci')],
  ['utf16le', facts(4, 'utf16le_general_ci')],
  ['utf32', facts(4, 'utf32_general_ci')],
  ['utf8mb3', facts(3, 'utf8mb3_general_ci')],
  ['utf8mb4', facts(4, 'utf8mb4_general_ci')],
]);

/** MySQL 8.0 and later. */
const mysqlDefaults: ReadonlyMap<string, string> = new Map([['utf8mb4', 'utf8mb4_0900_ai_ci']]);
const none: ReadonlyMap<string, string> = new Map();

/** The default collations a server has when nothing else is known of it. */
export const builtInDefaults = (flavor: 'mysql' | 'mariadb'): ReadonlyMap<string, string> =>
  flavor === 'mysql' ? mysqlDefaults : none;

/** Facts of `charset`, under the server's own default collations; null: no charset of MySQL or MariaDB. */
export const charsetFacts = (charset: string, defaults: ReadonlyMap<string, string>): CharsetFacts | null => {
  const known = charsets.get(charset);
  if (known === undefined) return null;
  const collation = defaults.get(charset);
  return collation === undefined ? known : { maxBytes: known.maxBytes, collation };
};

/** `utf8` and the aliases of old servers under the name the catalogue prints today. */
export const canonicalCharset = (name: string): string => {
  const lower = name.toLowerCase();
  return lower === 'utf8' ? 'utf8mb3' : lower;
};

/** `utf8_bin` as `utf8mb3_bin`, and MariaDB's charset-less `uca1400_ai_ci` with the charset it is used on. */
export const canonicalCollation = (name: string, charset: string): string => {
  const lower = name.toLowerCase();
  if (lower.startsWith('utf8_')) return `utf8mb3_${lower.slice(5)}`;
  return lower.startsWith('uca1400_') ? `${charset}_${lower}` : lower;
};

/** The charset a collation belongs to; null for MariaDB's charset-less ones, which fit several. */
export const charsetOfCollation = (name: string): string | null => {
  const lower = name.toLowerCase();
  if (lower.startsWith('uca1400_')) return null;
  const underscore = lower.indexOf('_');
  return canonicalCharset(underscore < 0 ? lower : lower.slice(0, underscore));
};

/** The collation that compares by code: `BINARY` after a type. */
export const binaryCollation = (charset: string): string => (charset === 'binary' ? 'binary' : `${charset}_bin`);
