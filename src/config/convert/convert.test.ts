/** Files as Debezium's, Maxwell's and Canal's documentation write them, through `convert` and then through `lint`. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { connectors } from '../../connectors/registry.ts';
import { parseFilter } from '../../operators/transform/transform-rule.ts';
import { loadPipelineFile } from '../pipeline-file.ts';
import { type ConvertedTool, convertFile } from './convert-file.ts';
import { javaProperties } from './java-properties.ts';
import { jmespathColumns, jmespathSql, jmespathTemplate } from './jmespath.ts';

/** The keys of Flink CDC's Kafka sink, whatever the real one adds. */
const testdata = (path: string): { name: string; text: string } => ({
  name: basename(path),
  text: readFileSync(fileURLToPath(new URL(`../testdata/${path}`, import.meta.url)), 'utf8'),
});

interface Expected {
  readonly source: Readonly<Record<string, unknown>>;
  readonly sink?: Readonly<Record<string, unknown>>;
  readonly routes?: readonly Readonly<Record<string, string>>[];
  readonly name?: string;
  readonly pipeline?: Readonly<Record<string, unknown>>;
  /** Keys that are named as left out. */
  readonly left: readonly string[];
}

const convert = async (tool: ConvertedTool, paths: readonly string[], offsets?: string) =>
  convertFile(tool, paths.map(testdata), {
    connectors,
    offsets: offsets === undefined ? null : testdata(offsets),
  });

/** Whether the draft lints clean, shows no secret, and says what is expected. */
const converts = async (
  tool: ConvertedTool,
  paths: readonly string[],
  expected: Expected,
  offsets?: string,
): Promise<void> => {
  const draft = await convert(tool, paths, offsets);
  const text = draft.toYaml();
  assert.doesNotMatch(text, /Geheim/, 'a secret was copied');
  const env = Object.fromEntries([...draft.secrets.keys()].map((name) => [name, 'set']));
  const loaded = await loadPipelineFile('out.yaml', {
    env,
    overrides: [],
    version: '0',
    connectors,
    readText: () => text,
  });
  assert.deepEqual(
    loaded.diagnostics.map(({ severity, error }) => `${severity} ${error.code} ${error.message}`),
    [],
    text,
  );
  const [pipeline] = loaded.pipelines;
  const source = pipeline!.sources[0]!;
  const settings = { ...(source.frame as object), ...(source.config as object) } as Record<string, unknown>;
  for (const [key, value] of Object.entries(expected.source)) assert.deepEqual(settings[key], value, key);
  const sink = pipeline!.sinks[0]!;
  const sinkSettings = { type: sink.connector.type, ...(sink.config as object) } as Record<string, unknown>;
  for (const [key, value] of Object.entries(expected.sink ?? {})) assert.deepEqual(sinkSettings[key], value, key);
  const pipelineSettings: Readonly<Record<string, unknown>> = pipeline!.settings;
  for (const [key, value] of Object.entries(expected.pipeline ?? {}))
    assert.deepEqual(pipelineSettings[key], value, key);
  if (expected.routes) assert.deepEqual(pipeline!.routes, expected.routes);
  if (expected.name !== undefined) assert.equal(pipeline!.name, expected.name);
  assert.deepEqual(
    draft.findings.filter(({ kind }) => kind === 'left').map(({ key }) => key),
    expected.left,
  );
};

describe('Debezium', () => {
  test('a source connector: databases, brokers and topics', () =>
    converts('debezium', ['debezium/tutorial.json'], {
      source: {
        hostname: 'db.internal',
        port: 3307,
        username: 'cdc',
        password: 'set',
        tables: ['shop.\\.*', 'billing.\\.*'],
      },
      sink: {
        type: 'kafka',
        topic: 'shop.%{database}.%{table}',
        'properties.bootstrap.servers': ['kafka1:9092', 'kafka2:9092'],
      },
      name: 'inventory-connector',
      left: [],
    }));

  test('names of Debezium 1.x, and unwrapped rows named', () =>
    converts('debezium', ['debezium/unwrap.json'], {
      source: { tables: ['shop.customers', 'shop.addresses'] },
      sink: { topic: 'legacy.%{database}.%{table}' },
      left: ['transforms.unwrap (ExtractNewRecordState)'],
    }));

  test('routers: shards become a route, a regular expression over the topic a template', () =>
    converts('debezium', ['debezium/sharded.json'], {
      source: { 'scan.startup.mode': 'latest-offset', 'heartbeat.interval': 15_000 },
      sink: { topic: '%{database}.%{table}', 'decimal.handling.mode': 'string', 'time.precision.mode': 'connect' },
      routes: [{ 'source-table': '\\.*.\\.*customers_shard\\.*', 'sink-table': '%{database}.customers_all_shards' }],
      left: ['max.batch.size', 'snapshot.locking.mode'],
    }));

  test('masks, hashes, Avro, signals from Kafka, and what has no counterpart by name', () =>
    converts('debezium', ['debezium/outbox-avro.json'], {
      source: {
        'columns.hash': ['orders.outbox.email'],
        'columns.mask.text': '********',
        'columns.exclude': ['orders.outbox.debug'],
        'ssl.mode': 'verify-identity',
      },
      sink: { 'value.format': 'debezium-avro', 'schema.registry.url': ['http://registry:8081'] },
      pipeline: { 'signal.kafka.topic': 'orders-signals', 'signal.kafka.bootstrap.servers': ['kafka:9092'] },
      left: [
        'database.ssl.truststore',
        'database.ssl.truststore.password',
        'gtid.source.includes',
        'signal.data.collection',
        'signal.consumer.security.protocol',
        'signal.enabled.channels',
        'transforms.outbox (EventRouter)',
        'transforms.drop (Filter)',
      ],
    }));

  test("Debezium Server's properties", () =>
    converts('debezium', ['debezium/server.properties'], {
      source: { hostname: 'mysql', 'scan.startup.mode': 'snapshot', tables: ['shop.\\.*'] },
      left: [
        'debezium.sink.type',
        'debezium.sink.redis.address',
        'quarkus.log.console.json',
        'offset.storage.file.filename',
      ],
    }));

  test('goes on where its offsets say, the last of them', () =>
    converts(
      'debezium',
      ['debezium/tutorial.json'],
      {
        source: {
          'scan.startup.mode': 'specific-offset',
          'scan.startup.specific-offset.gtid-set': '3e11fa47-71ca-11e1-9e33-c80aa9429562:1-77',
        },
        left: [],
      },
      'debezium/offsets.txt',
    ));

  test('offsets without GTIDs give file and position; unfinished snapshots a new one', async () => {
    const offsets = async (text: string) => {
      const draft = await convertFile('debezium', [testdata('debezium/tutorial.json')], {
        connectors,
        offsets: { name: 'o', text },
      });
      return draft.source;
    };
    const rest = await offsets(
      '{"offsets":[{"partition":{"server":"shop"},"offset":{"file":"b.000003","pos":4,"event":0}}]}',
    );
    assert.equal(rest.get('scan.startup.specific-offset.file'), 'b.000003');
    assert.equal(rest.get('scan.startup.specific-offset.pos'), 4);
    assert.equal((await offsets('{"file":"b.1","pos":4,"snapshot":true}')).get('scan.startup.mode'), 'initial');
    const ended = await offsets('{"file":"b.1","pos":4,"snapshot":true,"snapshot_completed":true}');
    assert.equal(ended.get('scan.startup.mode'), 'specific-offset');
    await assert.rejects(offsets('\xac\xed\x00\x05'), { code: 'CONVERT_INPUT' });
    await assert.rejects(offsets('{"file":"b.1","pos":"x"}'), { code: 'CONVERT_INPUT' });
  });

  test('of the offsets of several connectors, in a topic or in the file of a standalone worker, its own count', async () => {
    const record = (server: string, pos: number) =>
      `["${server}-connector",{"server":"${server}"}]\0{"file":"b.000007","pos":${pos}}`;
    const place = async (text: string) =>
      (
        await convertFile('debezium', [testdata('debezium/tutorial.json')], {
          connectors,
          offsets: { name: 'o', text },
        })
      ).source.get('scan.startup.specific-offset.pos');
    // Java's serialized map: lengths and tags around what the keys and values are.
    const file = `\xac\xed\0\x05sr\0\x11java.util.HashMap\0ur\0\x02[B${record('other', 4)}uq\0~\0\x03${record('shop', 157)}uq${record('last', 9)}x`;
    assert.equal(await place(file), 157);
    assert.equal(await place(`${record('shop', 4)}\n${record('other', 8)}\n${record('shop', 99)}\n`), 99);
    await assert.rejects(place(record('other', 4)), {
      code: 'CONVERT_INPUT',
      message: /offsets of other, and this connector's topic.prefix is shop/,
    });
  });
});

describe('Maxwell', () => {
  test('the quick start', () =>
    converts('maxwell', ['maxwell/quickstart.properties'], {
      source: { hostname: 'db1', username: 'maxwell', tables: ['\\.*.\\.*'], 'scan.startup.mode': 'latest-offset' },
      sink: {
        type: 'kafka',
        topic: 'maxwell',
        'properties.bootstrap.servers': ['kafka1:9092', 'kafka2:9092'],
        'properties.compression.type': 'snappy',
      },
      left: ['kafka.metadata.fetch.timeout.ms', 'kafka.retries', 'kafka.acks'],
    }));

  test('a filter whose order matters, a topic by table, keys', () =>
    converts('maxwell', ['maxwell/filtered.properties'], {
      source: {
        port: 3307,
        'ssl.mode': 'verify-ca',
        'server-id': { first: 64, last: 64 },
        tables: ['\\.*.\\.*'],
        'tables.exclude': ['foodb.(?!(?:tbl|table_\\d+)$)\\.*'],
      },
      sink: { topic: 'cdc_%{database}_%{table}', 'partition.strategy': 'hash-by-key' },
      name: 'maxwell-orders',
      left: [
        'kafka_partition_hash',
        'kafka_key_format',
        'gtid_mode',
        'dead_letter_topic',
        'output_ddl',
        'ddl_kafka_topic',
        'output_binlog_position',
        'metrics_type',
        'http_port',
        'javascript',
      ],
    }));

  test('the filters of old, another server to read from, a file', () =>
    converts('maxwell', ['maxwell/legacy-file.properties'], {
      source: {
        hostname: 'db2',
        port: 3308,
        username: 'repl',
        tables: ['db1.\\.*', 'shard\\d+.\\.*'],
        'tables.exclude': ['\\.*.tmp', '\\.*.log_\\d+'],
      },
      sink: { type: 'file', path: '/var/log/maxwell.json' },
      left: ['schema_database', 'exclude_columns', 'encrypt', 'secret_key', 'bootstrapper'],
    }));

  test('a producer that is not here', () =>
    converts('maxwell', ['maxwell/redis.properties'], {
      source: { 'scan.startup.mode': 'specific-offset', 'scan.startup.specific-offset.file': 'binlog.000012' },
      sink: { type: 'file', path: '-' },
      left: ['producer', 'redis_host', 'redis_auth', 'redis_type', 'redis_key'],
    }));
});

describe('Canal', () => {
  test('an instance as it is shipped', () =>
    converts('canal', ['canal/instance.properties'], {
      source: {
        hostname: '10.0.0.7',
        port: 3306,
        username: 'canal',
        tables: ['.*\\..*'],
        'tables.exclude': ['mysql\\.slave_.*'],
        'scan.startup.mode': 'latest-offset',
      },
      sink: { type: 'kafka', topic: 'example', 'value.format': 'canal-json' },
      left: [
        'canal.instance.tsdb.enable',
        'canal.instance.connectionCharset',
        'canal.instance.enableDruid',
        'canal.mq.partition',
      ],
    }));

  test('a place by GTID, columns left out, topics by table, with the settings of the server', () =>
    converts('canal', ['canal/positioned.properties', 'canal/canal.properties'], {
      source: {
        hostname: 'db1',
        port: 3307,
        tables: ['shop\\.orders', 'shop\\.customers'],
        'columns.exclude': ['shop.customers.card', 'shop.customers.phone'],
        'scan.startup.mode': 'specific-offset',
        'scan.startup.specific-offset.gtid-set': '3e11fa47-71ca-11e1-9e33-c80aa9429562:1-77',
        'scan.startup.specific-offset.file': undefined,
      },
      sink: {
        topic: 'example',
        'partition.strategy': 'hash-by-key',
        'sink.tableId-to-topic.mapping': 'shop.orders:shop_orders;shop.customers:stock',
        'value.format': 'canal-json',
      },
      name: 'orders',
      left: [
        'canal.port',
        'canal.metrics.pull.port',
        'canal.zkServers',
        'canal.zookeeper.flush.period',
        'canal.file.data.dir',
        'canal.instance.memory.buffer.size',
        'canal.instance.detecting.enable',
        'canal.instance.transaction.size',
        'canal.instance.network.soTimeout',
        'canal.instance.filter.query.ddl',
        'canal.instance.binlog.format',
        'canal.instance.parser.parallel',
        'canal.instance.tsdb.enable',
        'canal.conf.dir',
        'canal.auto.scan',
        'canal.instance.standby.address',
        'canal.mq.canalBatchSize',
        'kafka.linger.ms',
        'kafka.kerberos.enable',
        'canal.mq.partitionsNum',
      ],
    }));

  test('a queue that is not here', () =>
    converts('canal', ['canal/rabbitmq.properties'], {
      source: { tables: ['shop\\..*'] },
      sink: { type: 'file' },
      left: ['canal.serverMode'],
    }));

  test('a mapping of the client adapter', async () => {
    const draft = await convert('canal', ['canal/rdb-user.yml']);
    assert.equal(draft.source.get('tables'), 'mytest.user');
    assert.equal(draft.source.get('columns.rename.mytest.user.role_id'), 'role');
    assert.deepEqual(draft.routes, [{ source: 'mytest.user', target: 'mytest2.user' }]);
  });
});

describe("Canal's client adapter", () => {
  test('its application file gives both servers, and each mapping its tables', () =>
    converts('canal', ['canal/application.yml', 'canal/rdb-user.yml', 'canal/rdb-mirror.yml'], {
      source: { hostname: '10.0.0.7', port: 3307, username: 'reader', tables: ['mytest.user', 'stock.\\.*'] },
      sink: { type: 'mysql', hostname: '10.0.0.9', port: 3306, username: 'writer' },
      routes: [{ 'source-table': 'mytest.user', 'sink-table': 'mytest2.user' }],
      name: 'example-adapter',
      left: ['outerAdapters search', 'threads', 'mode', 'syncBatchSize', 'retries'],
    }));

  test('alone it says no table, and a target that is no MySQL is not written to', async () => {
    await assert.rejects(convert('canal', ['canal/application.yml']), { code: 'CONVERT_INPUT', message: /no table/ });
    const application = testdata('canal/application.yml');
    const oracle = {
      ...application,
      text: application.text.replace('jdbc:mysql://10.0.0.9/mytest2', 'jdbc:oracle:thin'),
    };
    const draft = await convertFile('canal', [oracle, testdata('canal/rdb-user.yml')], { connectors, offsets: null });
    assert.equal(draft.sink.get('type'), 'file');
    assert.ok(draft.findings.some(({ key }) => key === 'jdbc.url'));
  });
});

describe('Redis Data Integration', () => {
  test('a pipeline and its jobs: keys, values, rows within rows, steps, and what has no counterpart by name', () =>
    converts('rdi', ['rdi/config.yaml', 'rdi/invoice-line.yaml', 'rdi/track.yaml', 'rdi/top-customers.yaml'], {
      source: {
        hostname: 'db.internal',
        tables: ['chinook.Invoice', 'chinook.InvoiceLine', 'chinook.Customer', 'chinook.Track'],
        'columns.exclude': ['chinook.Track.Bytes'],
        'scan.startup.mode': 'initial',
      },
      sink: {
        type: 'redis',
        hostname: 'cache.internal',
        port: 12_000,
        value: 'hash',
        key: '%{table}:%{key}',
        'sink.tableId-to-key.mapping':
          'chinook.Invoice=Invoice:InvoiceId:%{InvoiceId}; chinook.Track=track:%{TrackId}; chinook.Customer=customers:sorted',
        'sink.tableId-to-value.mapping': 'chinook.Invoice=redis-json; chinook.Customer=sorted-set(Email,CustomerId)',
        'sink.tableId-to-nest.mapping': 'chinook.InvoiceLine=chinook.Invoice(InvoiceId=InvoiceId) as InvoiceLineItems',
        'sink.tableId-to-expiry.mapping': 'chinook.Track=expire_seconds',
      },
      pipeline: { 'errors.tolerance': 'all' },
      left: [
        'max.batch.size',
        'advanced.sink',
        'chinook.Track.snapshot_sql',
        'read_batch_size',
        'track.yaml: add_field Words',
        'track.yaml: redis.lookup',
        'track.yaml: output 2',
      ],
    }));

  test('steps become SQL in the order of the job', async () => {
    const draft = await convert('rdi', ['rdi/config.yaml', 'rdi/track.yaml']);
    const text = draft.toYaml();
    assert.match(text, /filter: \(\(UnitPrice > 0\) AND GenreId IS NOT NULL\)/);
    const projection =
      "Milliseconds / 1000 AS Seconds, CONCAT(UPPER(Title), ' (', Composer, ')') AS Label, 100 AS expire_seconds";
    assert.ok(text.includes(projection.replaceAll("'", "''")) || text.includes(projection), text);
    assert.match(text, /columns\.rename\.chinook\.Track\.Name: Title/);
    assert.match(text, /projection: CustomerId, FirstName, Email/);
  });

  test('a default job, mappings, SQL and keys of the whole event', async () => {
    const job = (text: string) =>
      convertFile('rdi', [testdata('rdi/config.yaml'), { name: 'job.yaml', text }], { connectors, offsets: null });
    const byDefault = await job(
      "source: {table: '*', row_format: full}\noutput:\n  - uses: redis.write\n    with: {data_type: json, key: {expression: \"concat(['aws#', table, '#', values(key)[0]])\", language: jmespath}}\n",
    );
    assert.deepEqual([byDefault.sink.get('key'), byDefault.sink.get('value')], ['aws#%{table}#%{key}', 'redis-json']);
    const mapped = await job(
      'source: {db: chinook, table: Invoice}\noutput:\n  - uses: redis.write\n    with: {mapping: [InvoiceId, Total: amount], key: {expression: "\'inv:\' || InvoiceId", language: sql}}\n',
    );
    assert.equal(mapped.sink.get('sink.tableId-to-key.mapping'), 'chinook.Invoice=inv:%{InvoiceId}');
    assert.match(mapped.toYaml(), /projection: InvoiceId, Total AS amount/);
    const named = await job(
      "source: {table: Invoice}\ntransform:\n  - {uses: map, with: {expression: '{id: InvoiceId, name: upper(BillingCity)}', language: jmespath}}\n  - {uses: remove_field, with: {field: BillingCity}}\noutput:\n  - uses: redis.write\n    with: {key: {expression: 'keys(key)[0]', language: jmespath}}\n",
    );
    assert.match(named.toYaml(), /projection: InvoiceId AS id, UPPER\(BillingCity\) AS name/);
    assert.deepEqual(
      named.findings.filter(({ kind, key }) => kind === 'left' && key.startsWith('job')).map(({ key }) => key),
      ['job.yaml: remove_field BillingCity', 'job.yaml: key'],
    );
  });

  test('whatever an expression holds, it becomes SQL that is read, or nothing', () => {
    const pieces = [
      'a',
      "'x'",
      '`1`',
      '`null`',
      '&&',
      '||',
      '==',
      '>',
      '(',
      ')',
      '!',
      'upper(',
      'concat([',
      '])',
      ',',
      '{',
      'b:',
      '}',
      '[0]',
      '.',
      '"q r"',
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 12 }), (words) => {
        const text = words.join(' ');
        const sql = jmespathSql(text);
        if (sql !== null) parseFilter(sql);
        jmespathTemplate(text);
        jmespathColumns(text);
      }),
    );
  });
});

describe('Flink CDC', () => {
  for (const path of globSync('flink-cdc/*.yaml', { cwd: fileURLToPath(new URL('../testdata/', import.meta.url)) })) {
    // A transform is read by its own section, which this file does not test.
    if (path.endsWith('to-doris.yaml')) continue;
    test(`${basename(path)} is tidied into a file without findings`, async () => {
      const draft = await convert('flink-cdc', [path]);
      const text = draft.toYaml();
      assert.doesNotMatch(text, /654321|password: pass$/m);
      const loaded = await loadPipelineFile('out.yaml', {
        env: { MYSQL_PASSWORD: 'set' },
        overrides: [],
        version: '0',
        connectors,
        readText: () => text,
      });
      const found = loaded.diagnostics.map(({ severity, error }) => `${severity} ${error.code} ${error.message}`);
      assert.deepEqual(found, [], text);
    });
  }

  test('another source is refused with the reason', async () => {
    const convertText = (text: string) =>
      convertFile('flink-cdc', [{ name: 'f.yaml', text }], { connectors, offsets: null });
    await assert.rejects(convertText('source: {type: postgres}\nsink: {type: kafka}\n'), {
      code: 'CONVERT_INPUT',
      message: /its source is postgres: only MySQL and MariaDB are read/,
    });
    await assert.rejects(convertText('a: 1'), { code: 'CONVERT_INPUT' });
    await assert.rejects(convertText('a: [1'), {
      code: 'CONVERT_INPUT',
      message: /cannot convert f\.yaml: line 1: not valid YAML/,
    });
  });
});

describe('a file that is something else', () => {
  const refused = (tool: ConvertedTool, text: string, message: RegExp) =>
    assert.rejects(convertFile(tool, [{ name: 'f', text }], { connectors, offsets: null }), {
      code: 'CONVERT_INPUT',
      message,
    });
  test('is refused with what is wrong', async () => {
    await refused('debezium', '{"name": ', /it is no JSON/);
    await refused('debezium', '{}', /it has no connector\.class/);
    await refused(
      'debezium',
      '{"connector.class": "io.debezium.connector.postgresql.PostgresConnector"}',
      /only the MySQL and MariaDB sources/,
    );
    await refused(
      'debezium',
      '{"connector.class": "io.debezium.connector.jdbc.JdbcSinkConnector", "connection.url": "jdbc:oracle:thin"}',
      /only MySQL and MariaDB are written to; this is jdbc:oracle/,
    );
    await refused('maxwell', 'host=\\u00zz', /is no character/);
    await refused('rdi', 'targets: {}', /it has no `sources`/);
    await refused('rdi', 'a: [1', /it is no YAML/);
    await refused('rdi', '[]', /it is no mapping/);
    await refused('rdi', 'sources: {o: {connection: {type: oracle}}}', /its source is oracle/);
  });
});

describe('Java properties', () => {
  test('comments, continuations, separators and escapes are read as Java reads them', () => {
    const read = javaProperties(
      'f',
      '# c\n! c\n a = 1 \nb:2\nc 3\nd=x\\\n   y\ne=\\u0041\\t\\:\nf\\=g=h\nempty=\nlast=1\nlast=2\r\ntail=\\\\',
    );
    assert.deepEqual(
      [...read],
      [
        ['a', '1'],
        ['b', '2'],
        ['c', '3'],
        ['d', 'xy'],
        ['e', 'A\t:'],
        ['f=g', 'h'],
        ['empty', ''],
        ['last', '2'],
        ['tail', '\\'],
      ],
    );
  });

  test('whatever stands in a file, reading ends', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          javaProperties('f', text);
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'CONVERT_INPUT');
        }
      }),
    );
  });
});
