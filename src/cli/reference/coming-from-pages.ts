/** docs/guides/coming-from-*.md: files as the other tools' documentation writes them, and what becomes of each, from real runs. */
import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { aliases } from '../../config/aliases.ts';
import { type ConvertedTool, convertFile } from '../../config/convert/convert-file.ts';
import { loadPipelineFile } from '../../config/pipeline-file.ts';
import { connectors } from '../../connectors/registry.ts';
import { code, markdownTable } from './markdown.ts';

interface Guide {
  readonly tool: ConvertedTool;
  readonly title: string;
  readonly before: readonly string[];
  readonly example: readonly string[];
  readonly aliasTool: string;
}

const guides: readonly Guide[] = [
  {
    tool: 'flink-cdc',
    title: 'Flink CDC',
    aliasTool: 'Flink CDC',
    before: [
      'A Flink CDC pipeline file from MySQL loads as it is: `millrace lint FILE` says what of it has no effect here, and `millrace run FILE` runs it. Route rules mean',
      'the same, `replace-symbol`, `$1` and `route-mode` included. `millrace convert flink-cdc FILE` writes a tidied file: without what has no effect, with passwords as variables.',
      '',
      'There is no Flink cluster below it: one process runs a pipeline, the sink keeps the position with the rows, and checkpoints have no settings.',
    ],
    example: ['flink-cdc/mysql-to-kafka.yaml'],
  },
  {
    tool: 'debezium',
    title: 'Debezium',
    aliasTool: 'Debezium',
    before: [
      '`millrace convert debezium CONNECTOR.json > FILE.yaml` reads a connector as Kafka Connect takes it, or properties, Debezium Server’s too. With `--offsets` it goes on where',
      'Debezium stands: give it a dump of the offsets topic, the offsets file of a standalone worker, or the answer of `GET /connectors/NAME/offsets`; of several connectors the one',
      'with its `topic.prefix` counts. Stop the connector first, so that nothing is pushed twice. `millrace serve` takes connectors over HTTP, too: [Kafka Connect’s API](kafka-connect.md).',
      '',
      'JDBC sinks that write to MySQL or MariaDB (Debezium’s, Confluent’s and Aiven’s) become pipelines from Kafka, which go on where the connector’s consumer group stands, or with',
      '`--offsets` where `GET /connectors/NAME/offsets` says. `insert.mode`, `delete.enabled`, the modes of keys, names of tables, routers over topics and changed tables mean what they meant,',
      'defaults included. With `record_key`, `pk.fields` become `key.fields`: columns that are taken from the keys, as JSON, Avro or (`StringConverter`) bare texts.',
      '',
      'The envelope is Debezium’s own, byte for byte, so consumers stay as they are. There is no schema history topic: schema versions are kept with the position.',
    ],
    example: ['debezium/sharded.json'],
  },
  {
    tool: 'maxwell',
    title: 'Maxwell',
    aliasTool: 'Maxwell',
    before: [
      '`millrace convert maxwell config.properties > FILE.yaml` takes over the server, the filter, the producer and the topic. Filters whose order matters become patterns that say the same.',
      'Maxwell writes its state into the `maxwell` database of the server; millrace writes nothing there.',
    ],
    example: ['maxwell/filtered.properties'],
  },
  {
    tool: 'canal',
    title: 'Canal',
    aliasTool: 'Canal',
    before: [
      '`millrace convert canal conf/example/instance.properties conf/canal.properties > FILE.yaml` takes over an instance, with the settings of its server: place (位点), filters, topics.',
      'There is no server that clients fetch from: a sink pushes.',
      '',
      '`millrace convert canal conf/application.yml conf/rdb/*.yml > FILE.yaml` takes over the client adapter: both servers from its application file, and each mapping of a table or a database as a route',
      'into MySQL. The binlog is read from MySQL itself, so neither a Canal server nor a queue stands in between. Mappings of Elasticsearch and HBase are refused: there is no sink for them.',
    ],
    example: ['canal/positioned.properties', 'canal/canal.properties'],
  },
  {
    tool: 'rdi',
    title: 'Redis Data Integration',
    aliasTool: 'Redis Data Integration',
    before: [
      '`millrace convert rdi config.yaml jobs/*.yaml > FILE.yaml` takes over a pipeline from MySQL or MariaDB: source, target, and of each job the key, the value, rows within rows (`nest`) and the steps.',
      '`add_field`, `map` and `filter` become SQL in `transform`: expressions in SQL as they are, those in JMESPath as far as they are names, literals, comparisons, `concat`, `upper`, `lower`, `replace`, `abs`, `ceil` and `floor`.',
      '`rename_field` and `remove_field` become `columns.rename` and `columns.exclude`. What else a job says stands at the end of the file.',
      '',
      'What is otherwise: the position stands in Redis with the rows, each source transaction is one MULTI, and a Redis that was flushed is filled again. A parent stays right when either side changes, its',
      'keys may have several columns, and a child moves with its key ([rows within rows](../connectors/redis.md#rows-within-rows)). No licence and no second database is needed; `value: redis-json` needs the JSON module.',
    ],
    example: ['rdi/config.yaml', 'rdi/invoice-line.yaml', 'rdi/track.yaml', 'rdi/top-customers.yaml'],
  },
];

const testdata = fileURLToPath(new URL('../../config/testdata/', import.meta.url));
const read = (path: string) => ({ name: basename(path), text: readFileSync(`${testdata}${path}`, 'utf8') });

export const comingFromPages = async (): Promise<readonly (readonly [path: string, text: string])[]> =>
  Promise.all(guides.map(async (guide) => [`docs/guides/coming-from-${guide.tool}.md`, await page(guide)] as const));

const page = async ({ tool, title, before, example, aliasTool }: Guide): Promise<string> => {
  const draft = await convertFile(tool, example.map(read), { connectors, offsets: null });
  const names = aliases.filter((alias) => alias.tool === aliasTool);
  return [
    `# Coming from ${title}`,
    '',
    ...before,
    '',
    `## ${example.map((path) => basename(path)).join(' with ')}, converted`,
    '',
    '```yaml',
    draft.toYaml().trimEnd(),
    '```',
    '',
    '## Samples',
    '',
    `Files as ${title}'s documentation writes them (src/config/testdata/${tool}/), each converted and then linted. Made by \`npm run docs\` from real runs.`,
    '',
    markdownTable(['file', 'as it is', 'converted', 'without counterpart'], await sampleRows(tool)),
    '',
    ...(names.length === 0
      ? []
      : [
          '## Names',
          '',
          'Accepted in a pipeline file, too, with one warning each:',
          '',
          markdownTable(
            [title, 'here'],
            names.map(({ name, keys }) => [code(name), keys.map(code).join(', ')]),
          ),
          '',
        ]),
  ].join('\n');
};

/** Files that say nothing without another. */
const companions: Readonly<Record<string, string>> = {
  rdi: 'rdi/config.yaml',
  'canal/application.yml': 'canal/rdb-user.yml',
};

const sampleRows = async (tool: ConvertedTool): Promise<string[][]> => {
  const files = globSync(`${tool}/*`, { cwd: testdata }).toSorted();
  return Promise.all(
    files
      .filter((path) => !path.endsWith('offsets.txt'))
      .map(async (path) => {
        const asItIs =
          tool === 'flink-cdc' ? await verdict(basename(path), read(path).text, []) : 'not a pipeline file';
        try {
          const companion = companions[path] ?? companions[tool];
          const files = companion === undefined || companion === path ? [path] : [companion, path];
          const draft = await convertFile(tool, files.map(read), { connectors, offsets: null });
          const converted = await verdict('converted.yaml', draft.toYaml(), [...draft.secrets.keys()]);
          const left = draft.findings.filter(({ kind }) => kind === 'left').map(({ key }) => code(key));
          return [code(basename(path)), asItIs, converted, left.length === 0 ? 'nothing' : left.join(', ')];
        } catch (error) {
          return [code(basename(path)), asItIs, 'refused', (error as Error).message];
        }
      }),
  );
};

/** What lint says, in a few words. */
const verdict = async (name: string, text: string, variables: readonly string[]): Promise<string> => {
  const env = Object.fromEntries(variables.map((variable) => [variable, 'set']));
  const { diagnostics } = await loadPipelineFile(name, {
    env,
    overrides: [],
    version: '0',
    connectors,
    readText: () => text,
  });
  const errors = diagnostics.filter(({ severity }) => severity === 'error').map(({ error }) => error.message);
  const warnings = diagnostics.length - errors.length;
  if (errors.length > 0) return errors.join('; ');
  return warnings === 0 ? 'lints clean' : `loads, ${warnings} warnings`;
};
