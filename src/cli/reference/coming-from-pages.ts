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
      'A mapping of the client adapter (`conf/rdb/….yml`) becomes a route into MySQL. There is no server that clients fetch from: a sink pushes.',
    ],
    example: ['canal/positioned.properties', 'canal/canal.properties'],
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

const sampleRows = async (tool: ConvertedTool): Promise<string[][]> => {
  const files = globSync(`${tool}/*`, { cwd: testdata }).toSorted();
  return Promise.all(
    files
      .filter((path) => !path.endsWith('offsets.txt'))
      .map(async (path) => {
        const asItIs =
          tool === 'flink-cdc' ? await verdict(basename(path), read(path).text, []) : 'not a pipeline file';
        try {
          const draft = await convertFile(tool, [read(path)], { connectors, offsets: null });
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
