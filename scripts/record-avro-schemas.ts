/**
 * Records the Avro schemas that a Connect Avro converter makes of the envelopes that a real Debezium wrote: what the tests of
 * `debezium-avro` compare ours with. The converter is Apicurio's, whose `AvroData` is Confluent's.
 *
 *   node scripts/record-avro-schemas.ts        writes src/formats/debezium-avro/testdata/; needs a JDK
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { connectJars } from '../bench/peers/kafka-jars.ts';
import { mavenJars } from '../src/testing/servers/maven-jars.ts';

const recordings = new URL('../src/formats/debezium-json/testdata/schemas/', import.meta.url);
const testdata = new URL('../src/formats/debezium-avro/testdata/', import.meta.url);

const program = `
import io.apicurio.registry.utils.converter.avro.AvroData;
import java.nio.file.*;
import java.util.*;
import org.apache.kafka.connect.json.JsonConverter;

public class Schemas {
  public static void main(String[] arguments) throws Exception {
    JsonConverter converter = new JsonConverter();
    converter.configure(Map.of("schemas.enable", "true"), false);
    for (String line : Files.readAllLines(Path.of(arguments[0]))) {
      System.out.println(new AvroData(1).fromConnectSchema(converter.toConnectData("t", line.getBytes("UTF-8")).schema()));
    }
  }
}
`;

const converterJars = {
  name: 'avro-converter-2.6.13',
  jars: ['io.apicurio:apicurio-registry-utils-converter:2.6.13.Final', 'org.apache.avro:avro:1.12.0'],
};

/** The records of a recording whose schemas no record before has had; Avro refuses the names in the table of odd names. */
const withSchemas = (file: string): readonly string[] => {
  const lines = zstdDecompressSync(readFileSync(new URL(`${file}.jsonl.zst`, recordings)))
    .toString()
    .trim()
    .split('\n');
  const bySchema = new Map<string, string>();
  for (const line of lines) {
    const { topic, value } = JSON.parse(line) as { readonly topic: string; readonly value: string | null };
    if (value === null || !topic.includes('.golden.') || topic.includes('odd')) continue;
    bySchema.set(schemaOf(value), value);
  }
  return [...bySchema.values()];
};

const schemaOf = (value: string): string => value.slice(0, value.lastIndexOf(',"payload":{"before"'));

const home = mkdtempSync(join(tmpdir(), 'millrace-avro-'));
try {
  const values = ['default-modes', 'string-modes', 'iso-modes'].flatMap(withSchemas);
  writeFileSync(join(home, 'values'), `${values.join('\n')}\n`);
  writeFileSync(join(home, 'Schemas.java'), program);
  const classes = `${await mavenJars(connectJars)}/*:${await mavenJars(converterJars)}/*`;
  const found = execFileSync('java', ['-cp', classes, join(home, 'Schemas.java'), join(home, 'values')], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const schemas = found.toString().trim().split('\n');
  const pairs = values.map((value, i) => `${schemaOf(value).slice('{"schema":'.length)}\t${schemas[i]}\n`);
  mkdirSync(testdata, { recursive: true });
  writeFileSync(new URL('schemas.tsv.zst', testdata), zstdCompressSync(Buffer.from(pairs.join(''))));
  console.log(`${pairs.length} schemas`);
} finally {
  rmSync(home, { recursive: true, force: true });
}
