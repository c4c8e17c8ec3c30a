import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { mysqlConfig } from '../connectors/mysql/config.ts';
import type { RegisteredConnector } from '../connectors/registry.ts';
import type { Connector } from '../core/connector.ts';
import { duration, list, secret } from '../core/settings.ts';
import { type LoadedFile, loadPipelineFile } from './pipeline-file.ts';
import { excerpt, placeName } from './source-text.ts';

const registered = (type: string, role: 'source' | 'sink', config: z.ZodType): RegisteredConnector => ({
  type,
  roles: [role],
  summary: '',
  load: async (): Promise<Connector> => ({ type, config, check: async () => [] }),
});

/** A stand-in for a connector that other issues bring, in the shape of Flink CDC's. */
const kafkaLike = z.strictObject({
  topic: z.string().optional().describe('Topic.'),
  properties: z.record(z.string(), z.string()).default({}),
  'value.format': z.enum(['debezium-json', 'canal-json']).default('debezium-json'),
  'sink.tableId-to-topic.mapping': z.string().optional(),
  'linger.time': duration.prefault('5ms'),
  'ssl.enabled': z.boolean().default(false),
  'debezium-json.schema-include': z.boolean().default(false),
  columns: list.optional(),
  'sasl.password': secret().optional(),
});

const connectors = [registered('mysql', 'source', mysqlConfig), registered('kafka', 'sink', kafkaLike)];

interface Surrounding {
  readonly env?: Record<string, string>;
  readonly files?: Record<string, string>;
  readonly overrides?: readonly string[];
}

const load = (text: string, { env = {}, files = {}, overrides = [] }: Surrounding = {}): Promise<LoadedFile> =>
  loadPipelineFile('p.yaml', {
    env,
    overrides,
    version: '0.1.0',
    connectors,
    readText: (path) => {
      const found = path === 'p.yaml' ? text : files[path];
      if (found === undefined) throw Object.assign(new Error(path), { code: 'ENOENT' });
      return found;
    },
  });

/** `line:column CODE message` of each finding. */
const findings = (loaded: LoadedFile): string[] =>
  loaded.diagnostics.map(
    ({ place, error }) =>
      `${place ? placeName(place).replace('p.yaml:', '') : '-'} ${error.code} ${loaded.redact(error.message)}`,
  );

const errorsOf = (loaded: LoadedFile): string[] =>
  findings({ ...loaded, diagnostics: loaded.diagnostics.filter(({ severity }) => severity === 'error') });

const usable = async (text: string, surrounding: Surrounding = {}) => {
  const loaded = await load(text, surrounding);
  assert.deepEqual(errorsOf(loaded), []);
  const [pipeline] = loaded.pipelines;
  assert(pipeline);
  return { ...loaded, pipeline };
};

const source = 'source: {type: mysql, hostname: db1, username: u, tables: shop.orders}\n';
const sink = 'sink: {type: kafka}\n';

/** Whether exactly one error is found, and it is this. */
const refuses = async (text: string, expected: RegExp, surrounding: Surrounding = {}): Promise<void> => {
  const errors = errorsOf(await load(text, surrounding));
  assert.equal(errors.length, 1, errors.join('\n'));
  assert.match(errors[0]!, expected);
};

describe('a Flink CDC file', () => {
  const flink = [
    'source:',
    '  type: mysql',
    '  name: MySQL Source',
    '  hostname: 127.0.0.1',
    '  port: 3306',
    '  username: admin',
    '  password: pass',
    '  tables: adb.\\.*, bdb.user_table_[0-9]+, [app|web].order_\\.*',
    '  server-id: 5401-5404',
    '',
    'sink:',
    '  type: kafka',
    '  name: Kafka Sink',
    '  properties.bootstrap.servers: PLAINTEXT://localhost:62510',
    '',
    'route:',
    '  - source-table: adb.web_order',
    '    sink-table: ods.web_order',
    '    description: one table',
    '',
    'pipeline:',
    '  name: MySQL to Kafka Pipeline',
    '  parallelism: 4',
    '',
  ].join('\n');

  test('from its own documentation loads unchanged', async () => {
    const { pipeline } = await usable(flink);
    assert.equal(pipeline.name, 'MySQL to Kafka Pipeline');
    assert.deepEqual(
      pipeline.sources.map(({ name }) => name),
      ['MySQL Source'],
    );
    assert.deepEqual(
      pipeline.sinks.map(({ name }) => name),
      ['Kafka Sink'],
    );
    const config = pipeline.sources[0]!.config as z.output<typeof mysqlConfig>;
    assert.deepEqual(config['server-id'], { first: 5401, last: 5404 });
    assert.equal(config.port, 3306);
    assert.deepEqual((pipeline.sinks[0]!.config as { properties: unknown }).properties, {
      'bootstrap.servers': 'PLAINTEXT://localhost:62510',
    });
    assert.equal(pipeline.routes[0]!['sink-table'], 'ods.web_order');
  });

  test('gets warnings for the literal password and for what has no effect, and nothing else', async () => {
    assert.deepEqual(findings(await load(flink)), [
      '7:13 CONFIG_LITERAL_SECRET password is written into the file',
      '23:3 CONFIG_NO_EFFECT parallelism has no effect: one pipeline is one ordered stream; parallel work happens inside sources and sinks',
    ]);
  });
});

describe('keys', () => {
  test('dotted and nested are the same', async () => {
    const dotted = await usable(`${source}sink:\n  type: kafka\n  value.format: canal-json\n  properties.acks: all\n`);
    const nested = await usable(
      `${source}sink:\n  type: kafka\n  value: {format: canal-json}\n  properties: {acks: all}\n`,
    );
    assert.deepEqual(nested.pipeline.sinks[0]!.config, dotted.pipeline.sinks[0]!.config);
  });

  test('below a mapping of the user’s may hold dots, in any nesting', async () => {
    for (const text of ['{a.b: c}', '{a: {b: c}}']) {
      const { pipeline } = await usable(`${source}sink: {type: kafka, properties: ${text}}`);
      assert.deepEqual((pipeline.sinks[0]!.config as { properties: unknown }).properties, { 'a.b': 'c' });
    }
  });

  test('that are set twice, in one form or two, are refused with the first line', async () => {
    await refuses(
      `${source}sink:\n  type: kafka\n  topic: a\n  topic: b\n`,
      /^5:3 CONFIG_DUPLICATE_KEY topic is set twice; first on line 4/,
    );
    await refuses(
      `${source}sink:\n  type: kafka\n  value.format: canal-json\n  value:\n    format: canal-json\n`,
      /^6:5 CONFIG_DUPLICATE_KEY value.format .* line 4/,
    );
  });

  test('that are misspelt are refused with the nearest name, and not called missing as well', async () => {
    await refuses(
      'source:\n  type: mysql\n  hostname: a\n  username: b\n  tabels: shop.orders\nsink: {type: kafka}\n',
      /^5:3 CONFIG_UNKNOWN_KEY source has no key tabels; did you mean tables\?/,
    );
  });

  test('whose beginning is misspelt are refused once, at that part', async () => {
    await refuses(
      `${source}sink:\n  type: kafka\n  vaule:\n    format: canal-json\n`,
      /^4:3 .* no key vaule; did you mean value\?/,
    );
  });

  test('that belong to another section are refused with its name', async () => {
    await refuses(`${source}${sink}pipeline: {hostname: x}`, /pipeline has no key hostname; it belongs under source/);
    await refuses(
      `${source}sink: {type: kafka, errors.tolerance: none}`,
      /sink has no key errors.tolerance; it belongs under pipeline/,
    );
  });

  test('at the top that are no sections are refused with the nearest section', async () => {
    await refuses(`${source}${sink}pipelin: {}`, /^3:1 .* the file has no key pipelin; did you mean pipeline\?/);
  });

  test('of sections that are planned are refused as not supported yet, at their place', async () => {
    await refuses(
      `${source}${sink}metrics:\n  port: 1\n`,
      /^3:1 CONFIG_NOT_SUPPORTED_YET metrics is not supported in millrace 0\.1\.0/,
    );
  });
});

describe('values', () => {
  test('written as text are taken where a number or a switch is asked for', async () => {
    const { pipeline } = await usable(
      "source: {type: mysql, hostname: h, username: u, tables: a.b, port: '3307'}\nsink: {type: kafka, ssl.enabled: 'TRUE'}",
    );
    assert.equal((pipeline.sources[0]!.config as { port: number }).port, 3307);
    assert.equal((pipeline.sinks[0]!.config as Record<string, unknown>)['ssl.enabled'], true);
  });

  test('stay the text that was written where a text is asked for', async () => {
    for (const text of ['0123', '1e3', 'true', '0x1f', '~a', '1_000', '2024-01-01', 'no']) {
      const { pipeline } = await usable(`${source}sink: {type: kafka, topic: ${text}}`);
      assert.equal((pipeline.sinks[0]!.config as { topic: string }).topic, text);
    }
  });

  test('of the wrong kind are refused with what was expected and what was found', async () => {
    const port = (text: string) =>
      `source:\n  type: mysql\n  hostname: a\n  username: b\n  tables: a.b\n  port: ${text}\n${sink}`;
    await refuses(
      port('33o6'),
      /^6:9 CONFIG_WRONG_VALUE port: expected a whole number from 1 to 65535, found the value "33o6"/,
    );
    await refuses(port('70000'), /found the value "70000"/);
    await refuses(port('3306.5'), /found the value "3306.5"/);
    await refuses(port('[1]'), /found a list/);
    await refuses(port(''), /found nothing/);
    await refuses(port('{a: b}'), /found a mapping/);
  });

  test('that are one of a choice are refused with the nearest', async () => {
    await refuses(
      `${source}sink: {type: kafka, value.format: cannal-json}`,
      /expected one of debezium-json, canal-json, found the value "cannal-json"; did you mean canal-json\?/,
    );
  });

  test('with a rule of their own are refused in its words', async () => {
    await refuses(
      `${source}sink: {type: kafka, linger.time: 5 parsecs}`,
      /linger.time: not a duration: write a number and ms, s/,
    );
  });

  test('that are lists point at the entry that is wrong', async () => {
    await refuses(
      `${source}${sink}route:\n  - {source-table: a.b, sink-table: c.d}\n  - {source-table: 'a.[', sink-table: c.d}\n`,
      /^5:20 CONFIG_TABLE_PATTERN/,
    );
  });

  test('that are missing are asked for at their section', async () => {
    await refuses(
      `source:\n  type: mysql\n  hostname: h\n  username: u\n${sink}`,
      /^1:1 CONFIG_MISSING_KEY source needs tables/,
    );
    await refuses(source, /CONFIG_MISSING_KEY the file needs sink/);
    await refuses(`${source}sink: {topic: a}`, /CONFIG_MISSING_KEY sink needs type/);
  });

  test('of `type` that no connector has are refused with those there are', async () => {
    await refuses(
      `${source}sink: {type: kafak}`,
      /^2:14 CONFIG_UNKNOWN_CONNECTOR there is no sink of type kafak \(known: kafka\S*.*\); did you mean kafka\?/,
    );
    await refuses(`${source}sink: {type: mysql}`, /there is no sink of type mysql/);
  });
});

describe('several sources and sinks', () => {
  test('are lists of sections, each with its name', async () => {
    const { pipeline } = await usable(
      `source:
  - {type: mysql, name: shard1, hostname: a, username: u, tables: shop.orders}
  - {type: mysql, name: shard2, hostname: b, username: u, tables: shop.orders}
sink:
  - type: kafka
    topic: a
  - {type: kafka, name: second, topic: b}
`,
    );
    assert.deepEqual(
      pipeline.sources.map(({ name }) => name),
      ['shard1', 'shard2'],
    );
    assert.deepEqual(
      pipeline.sinks.map(({ name }) => name),
      ['kafka', 'second'],
    );
  });

  test('must differ in their names', async () => {
    await refuses(`${source}sink: [{type: kafka}, {type: kafka}]`, /another sink is called kafka too/);
  });

  test('must be at least one each', async () => {
    await refuses(`${source}sink: []`, /the file needs sink/);
    await refuses(`${source}sink: [3]`, /sink\[0\]: expected a mapping of settings, found the value "3"/);
  });
});

describe('what comes from outside the file', () => {
  const withPassword = (text: string) =>
    `source: {type: mysql, hostname: h, username: u, tables: a.b, password: ${JSON.stringify(text)}}\n${sink}`;
  const passwordOf = async (text: string, surrounding: Surrounding): Promise<string> => {
    const { pipeline } = await usable(withPassword(text), surrounding);
    return (pipeline.sources[0]!.config as { password: string }).password;
  };

  test('variables, defaults, files and escapes are filled in after parsing, whatever they hold', async () => {
    const env = { PW: 'a: #b"\n{', EMPTY: '' };
    assert.equal(await passwordOf(`\${PW}`, { env }), 'a: #b"\n{');
    assert.equal(await passwordOf(`x\${PW}y\${PW}`, { env: { PW: '1' } }), 'x1y1');
    assert.equal(await passwordOf(`\${NOPE:-default}`, { env }), 'default');
    assert.equal(await passwordOf(`\${EMPTY:-default}`, { env }), 'default');
    assert.equal(await passwordOf(`\${EMPTY}`, { env }), '');
    assert.equal(await passwordOf(`$\${PW} $5`, { env }), `\${PW} $5`);
    assert.equal(await passwordOf(`\${file:/run/pw}`, { files: { '/run/pw': 'from file\n' } }), 'from file');
  });

  test('a value with a variable is a number where a number is asked for', async () => {
    const { pipeline } = await usable(
      `source: {type: mysql, hostname: h, username: u, tables: a.b, port: "\${PORT}"}\nsink: {type: kafka}`,
      {
        env: { PORT: '3310' },
      },
    );
    assert.equal((pipeline.sources[0]!.config as { port: number }).port, 3310);
  });

  test('everything that is missing is reported at once', async () => {
    const loaded = await load(
      `source: {type: mysql, hostname: "\${A}", username: "\${B:?say who}", tables: a.b, password: "\${file:/no}"}\nsink: {type: kafka, topic: "\${C"}`,
    );
    assert.deepEqual(errorsOf(loaded), [
      '1:33 CONFIG_VARIABLE_MISSING environment variable A is not set',
      '1:51 CONFIG_VARIABLE_MISSING environment variable B is needed: say who',
      '1:91 CONFIG_UNREADABLE cannot read /no: there is no such file',
      `2:28 CONFIG_INTERPOLATION cannot read \${C: the closing } is missing`,
    ]);
  });

  test('--set replaces what the file says, in whatever form it stands there, and adds what it does not', async () => {
    const text = `${source}sink:\n  - type: kafka\n    value: {format: canal-json}\n    topic: a\n`;
    const overrides = ['sink.0.value.format=debezium-json', 'source.port=1', 'pipeline.name=n', 'sink.0.topic=b=c'];
    const { pipeline } = await usable(text, { overrides });
    const config = pipeline.sinks[0]!.config as Record<string, unknown>;
    assert.equal(config['value.format'], 'debezium-json');
    assert.equal(config['topic'], 'b=c');
    assert.equal((pipeline.sources[0]!.config as { port: number }).port, 1);
    assert.equal(pipeline.name, 'n');
  });

  test('--set is checked like the file, with its own place', async () => {
    await refuses(source + sink, /^--set:1:13 CONFIG_WRONG_VALUE port/, { overrides: ['source.port=no'] });
    await refuses(source + sink, /CONFIG_OVERRIDE/, { overrides: ['nonsense'] });
    await refuses(source + sink, /CONFIG_OVERRIDE/, { overrides: ['sink.x'] });
  });
});

describe('secrets', () => {
  test('never show in messages or excerpts, wherever they came from', async () => {
    const hidden = 'hunter2-hunter2';
    const loaded = await load(
      `source: {type: mysql, hostname: h, username: u, password: ${hidden}, tables: [], port: x}\nsink: {type: kafka, sasl.password: "\${PW}", paswsord: ${hidden}, topic: [{a: ${hidden}}]}\npassword: ${hidden}`,
      { env: { PW: 'swordfish!' } },
    );
    assert(loaded.diagnostics.length >= 4);
    for (const { error, place } of loaded.diagnostics) {
      const shown =
        loaded.redact(error.message) + (place ? loaded.redact(excerpt(place, loaded.secretPlaces).join('\n')) : '');
      assert.doesNotMatch(shown, /hunter2|swordfish/, shown);
    }
  });

  test('a short one does not blot out words that contain it', async () => {
    const { redact } = await load(
      `source: {type: mysql, hostname: h, username: u, tables: a.b, password: pass}\n${sink}`,
    );
    assert.equal(redact('password is pass'), 'password is ***');
  });

  test('in a URL are hidden whatever the key', async () => {
    const { redact } = await load(source + sink);
    assert.equal(redact('mysql://root:geheim@db1:3306/'), 'mysql://root:***@db1:3306/');
  });

  test('the caret stays below its value when a secret before it is hidden', async () => {
    const loaded = await load(
      `source: {type: mysql, hostname: h, username: u, password: a-very-long-secret-word, tables: a.b, port: x}\n${sink}`,
    );
    const wrong = loaded.diagnostics.find(({ severity }) => severity === 'error');
    const [line, carets] = excerpt(wrong!.place!, loaded.secretPlaces);
    assert.equal(line.slice(carets.indexOf('^'), carets.length), 'x');
  });
});

describe('other tools’ names', () => {
  const aliased = async (settings: string): Promise<Record<string, unknown>> => {
    const { pipeline, diagnostics } = await usable(`source:\n  type: mysql\n${settings.replace(/^/gm, '  ')}\n${sink}`);
    assert(diagnostics.some(({ error }) => error.code === 'CONFIG_ALIAS'));
    return pipeline.sources[0]!.config as Record<string, unknown>;
  };

  test('of Debezium are taken over, with one warning each', async () => {
    const text = [
      'database.hostname: h',
      'database:',
      '  port: 3311',
      '  user: u',
      '  server.id: 77',
      'table.include.list: shop\\.(orders|items), shop\\.x.*',
      'snapshot.mode: no_data',
      'heartbeat.interval.ms: 1500',
      'tasks.max: 1',
    ];
    const config = await aliased(text.join('\n'));
    assert.equal(config['hostname'], 'h');
    assert.equal(config['port'], 3311);
    assert.deepEqual(config['server-id'], { first: 77, last: 77 });
    assert.equal(config['scan.startup.mode'], 'latest-offset');
    assert.equal(config['heartbeat.interval'], 1500);
    const loaded = await load(`source:\n  type: mysql\n${text.join('\n').replace(/^/gm, '  ')}\n${sink}`);
    assert.deepEqual(
      findings(loaded).filter((line) => line.includes('database.hostname')),
      ["3:3 CONFIG_ALIAS database.hostname is Debezium's name for hostname"],
    );
    assert(findings(loaded).some((line) => line.includes('CONFIG_NO_EFFECT tasks.max')));
  });

  test('of Kafka Connect’s converters are taken over by a Kafka sink', async () => {
    const source = '{type: mysql, hostname: h, username: u, tables: a.b}';
    for (const name of ['value.converter.schemas.enable', 'debezium-json.include-schema.enabled']) {
      const { pipeline, diagnostics } = await usable(
        `source: ${source}\nsink: {type: kafka, ${name}: true, key.converter.schemas.enable: true}`,
      );
      assert.equal((pipeline.sinks[0]!.config as Record<string, unknown>)['debezium-json.schema-include'], true);
      assert.deepEqual(
        diagnostics.map(({ error }) => error.code),
        ['CONFIG_ALIAS', 'CONFIG_NO_EFFECT'],
      );
    }
  });

  test('of Maxwell are taken over, its filter and position too', async () => {
    const config = await aliased(
      'host: h\nuser: u\nreplica_server_id: 9\nfilter: "exclude: *.*, include: shop.orders, include: shop./tmp.+/"\ninit_position: "binlog.000003:4711"',
    );
    assert.deepEqual(config['tables'], ['shop.orders', 'shop.tmp\\.+']);
    assert.equal(config['scan.startup.mode'], 'specific-offset');
    assert.equal(config['scan.startup.specific-offset.file'], 'binlog.000003');
    assert.equal(config['scan.startup.specific-offset.pos'], 4711);
  });

  test('of Canal are taken over, with the doubled backslashes of its files', async () => {
    const config = await aliased(
      'canal.instance.master.address: db1:3399\ncanal.instance.dbUsername: u\ncanal.instance.filter.regex: shop\\\\..*,app\\\\.users',
    );
    assert.equal(config['hostname'], 'db1');
    assert.equal(config['port'], 3399);
    assert.deepEqual(config['tables'], ['shop\\..*', 'app\\.users']);
  });

  test('are refused when the value has no counterpart, and beside our own key', async () => {
    await refuses(
      `source: {type: mysql, hostname: h, username: u, tables: a.b, snapshot.mode: custom}\n${sink}`,
      /CONFIG_ALIAS_VALUE snapshot.mode/,
    );
    await refuses(
      `source: {type: mysql, hostname: h, username: u, filter: "include: a.b, exclude: *.*, include: c.d"}\n${sink}`,
      /CONFIG_ALIAS_VALUE filter/,
    );
    await refuses(
      `source: {type: mysql, hostname: h, host: h2, username: u, tables: a.b}\n${sink}`,
      /CONFIG_DUPLICATE_KEY hostname/,
    );
  });

  test('behind Flink CDC’s `debezium.` are taken over, and others there have no effect', async () => {
    const loaded = await load(
      `source: {type: mysql, hostname: h, username: u, tables: a.b, debezium.snapshot.mode: initial_only, debezium: {max.queue.size: 3}, jdbc.properties.useSSL: false}\n${sink}`,
    );
    assert.deepEqual(errorsOf(loaded), []);
    assert.equal((loaded.pipelines[0]!.sources[0]!.config as Record<string, unknown>)['scan.startup.mode'], 'snapshot');
    assert.deepEqual(
      loaded.diagnostics.map(({ error }) => error.code),
      ['CONFIG_ALIAS', 'CONFIG_NO_EFFECT', 'CONFIG_NO_EFFECT'],
    );
  });
});

describe('a file that is no pipeline file', () => {
  const cases: [what: string, text: string, expected: RegExp][] = [
    ['empty', '', /CONFIG_EMPTY/],
    ['comments only', '# nothing\n', /CONFIG_EMPTY/],
    ['null', '~', /CONFIG_EMPTY/],
    ['a list', '- a\n', /CONFIG_WRONG_SHAPE the file: expected the sections source and sink, found a list/],
    ['a word', 'hello', /found the value "hello"/],
    ['two documents', `${source}${sink}---\na: b\n`, /CONFIG_SEVERAL_DOCUMENTS .* holds 2 YAML documents/],
    ['tabs for indentation', 'source:\n\ttype: mysql\n', /^2:1 CONFIG_SYNTAX not valid YAML: a tab is used to indent/],
    ['an unclosed quote', 'source: "abc\n', /CONFIG_SYNTAX/],
    ['an unclosed bracket', 'source: [a, b\n', /CONFIG_SYNTAX/],
    ['a value that starts with a percent sign', 'source:\n  topic: %{table}\n', /CONFIG_SYNTAX/],
    ['binary', 'a\0b', /CONFIG_SYNTAX .* zero bytes/],
    ['far too large', `a: ${'x'.repeat(1_100_000)}`, /CONFIG_TOO_LARGE/],
    ['an alias to nothing', 'source: *nope\nsink: 1\n', /CONFIG_SYNTAX/],
  ];
  for (const [what, text, expected] of cases) {
    test(`is refused: ${what}`, async () => {
      const loaded = await load(text);
      assert.deepEqual(loaded.pipelines, []);
      assert.match(errorsOf(loaded)[0]!, expected);
    });
  }

  test('is refused without being read when there is none', async () => {
    const loaded = await loadPipelineFile('gone.yaml', {
      env: {},
      overrides: [],
      version: '0.1.0',
      connectors,
      readText: () => {
        throw Object.assign(new Error('x'), { code: 'EACCES' });
      },
    });
    assert.match(errorsOf(loaded)[0]!, /CONFIG_UNREADABLE cannot read gone.yaml: permission denied/);
  });

  test('is refused in bounded time and memory: deep nesting, and aliases that multiply', async () => {
    assert.match(errorsOf(await load(`a: ${'['.repeat(20_000)}`))[0]!, /CONFIG_SYNTAX/);
    const bomb = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 12; i += 1)
      bomb.push(
        `a${i}: &a${i} [${Array(10)
          .fill(`*a${i - 1}`)
          .join(', ')}]`,
      );
    const started = performance.now();
    assert(errorsOf(await load(bomb.join('\n'))).some((line) => /aliases stand for more than/.test(line)));
    assert(performance.now() - started < 20_000);
  });

  test('never makes the reader fail, whatever it holds', async () => {
    const piece = fc.constantFrom(
      'source',
      'sink',
      ':',
      ' ',
      '\n',
      '  ',
      '- ',
      '{',
      '}',
      '[',
      ']',
      'type',
      'mysql',
      '&a',
      '*a',
      `\${`,
      '}',
      '"',
      "'",
      '#',
      '|',
      '%',
      '\t',
      'x',
      '<<',
      '!!int',
      '---',
      '? ',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 40 }), async (pieces) => {
        const { pipelines, diagnostics } = await load(pieces.join(''));
        assert(pipelines.length > 0 || diagnostics.length > 0);
      }),
      { numRuns: 300 },
    );
  });
});

test('a byte order mark at the start is not part of the first key', async () => {
  await usable(`\uFEFF${source}${sink}`);
});

test('Windows line ends keep their places', async () => {
  await refuses(`${source}${sink}pipeline:\n  nmae: x\n`.replaceAll('\n', '\r\n'), /^4:3 CONFIG_UNKNOWN_KEY/);
});

test('a pipeline without a name is called after its file', async () => {
  const { pipeline } = await usable(source + sink);
  assert.equal(pipeline.name, 'p');
});

test('findings come in the order of the file', async () => {
  const loaded = await load(
    `pipelin: 1\nsink: {type: kafka, topc: 1}\nsource: {type: mysql, hostname: h, username: u, tables: a.b, prot: 1}\n`,
  );
  assert.deepEqual(
    errorsOf(loaded).map((line) => line.split(' ')[0]),
    ['1:1', '2:21', '3:62'],
  );
});
