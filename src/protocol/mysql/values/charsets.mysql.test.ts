import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { testServers } from '../../../testing/servers/test-servers.ts';
import { benchOf } from '../../../testing/value-bench.ts';
import { seeded } from '../../../testing/value-samples.ts';
import { charsetOf } from './charsets/charset.ts';

for (const server of testServers()) {
  test(`every charset decodes as the server converts it, code by code, on ${server.name}`, async () => {
    const bench = await benchOf(server);
    const charsets = (await bench.query(
      'SELECT CHARACTER_SET_NAME, MAXLEN FROM information_schema.CHARACTER_SETS',
    )) as [string, string | number][];
    const state: string[] = [];
    const sequences: Buffer[] = [];
    for (let first = 0; first < 256; first += 1) sequences.push(Buffer.of(first));
    for (let first = 0x80; first < 256; first += 1) {
      for (let second = 0x20; second < 256; second += 1) sequences.push(Buffer.of(first, second));
    }
    for (let second = 0xa0; second < 256; second += 1) {
      for (let third = 0xa0; third < 256; third += 1) sequences.push(Buffer.of(0x8f, second, third));
    }
    await bench.run('DROP TABLE IF EXISTS codes', 'CREATE TEMPORARY TABLE codes (v VARBINARY(4))');
    for (let i = 0; i < sequences.length; i += 20_000) {
      await bench.run(
        `INSERT INTO codes VALUES ${sequences
          .slice(i, i + 20_000)
          .map((code) => `(x'${code.toString('hex')}')`)
          .join(',')}`,
      );
    }
    for (const [charset, maxBytes] of charsets) {
      if (charset === 'binary') continue;
      const decoder = charsetOf(charset, 'c');
      // What the server takes for text of this charset: others cannot be in a column.
      const where =
        Number(maxBytes) === 1
          ? 'LENGTH(v) = 1'
          : charset === 'ujis' || charset === 'eucjpms'
            ? 'TRUE'
            : 'LENGTH(v) <= 2';
      const rows = (await bench.query(
        `SELECT HEX(v), HEX(CONVERT(CONVERT(v USING ${charset}) USING utf8mb4)), HEX(CONVERT(v USING ${charset})) FROM codes WHERE ${where}`,
      )) as [string, string | null, string | null][];
      let compared = 0;
      const wrong: string[] = [];
      for (const [code, converted, taken] of rows) {
        // MariaDB answers '?' for bytes that are not well-formed, MySQL NULL; neither can be in a column.
        if (converted === null || taken !== code) continue;
        if (server.flavor === 'mariadb' && converted.includes('3F') && !code.includes('3F')) continue;
        const bytes = Buffer.from(code, 'hex');
        const expected = Buffer.from(converted, 'hex').toString('utf8');
        // Neither are bytes that the server turns into nothing or into half a surrogate pair.
        // MySQL lets one half of a pair through in ujis.
        if (expected === '' || expected === '??' || (charset === 'ucs2' && expected.includes('\ufffd'))) continue;
        const decoded = decoder.decode(bytes, 0, bytes.length);
        compared += 1;
        if (decoded !== expected)
          wrong.push(`${code}: ${JSON.stringify(decoded)} instead of ${JSON.stringify(expected)}`);
      }
      assert.deepEqual(wrong.slice(0, 10), [], `${charset}: ${wrong.length} of ${compared}`);
      state.push(`${charset} ${compared}`);
    }
    assert.ok(state.length >= 39, state.join(', '));
  });

  test(`text of up to four bytes a character decodes as the server converts it on ${server.name}`, async () => {
    const bench = await benchOf(server);
    const random = seeded(4);
    const texts = Array.from({ length: 300 }, () =>
      String.fromCodePoint(
        ...Array.from(
          { length: 5 },
          () =>
            [
              0x20 + random() * 0x5f,
              0xa0 + random() * 0x700,
              0x4e00 + random() * 0x5000,
              0x1f300 + random() * 0x300,
              0xe000 + random() * 0x1900,
            ][Math.floor(random() * 5)]! | 0,
        ),
      ),
    );
    const charsets = ['utf8mb4', 'utf16', 'utf16le', 'utf32', ...(server.flavor === 'mysql' ? ['gb18030'] : [])];
    for (const charset of charsets) {
      for (const text of texts) {
        const [[hex]] = (await bench.query(
          `SELECT HEX(CONVERT(CONVERT(x'${Buffer.from(text).toString('hex')}' USING utf8mb4) USING ${charset}))`,
        )) as [[string]];
        const bytes = Buffer.from(hex, 'hex');
        assert.equal(charsetOf(charset, 'c').decode(bytes, 0, bytes.length), text, charset);
      }
    }
  });
}
