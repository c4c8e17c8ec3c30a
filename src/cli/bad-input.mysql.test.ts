/**
 * What a stranger meets who makes a mistake: every kind of bad input through the real command line. Each must end with a
 * documented exit code, name its cause and what to do, leave the mirror and its position where they were, and show no secret
 * and no row.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Address, MysqlRig } from '../testing/mysql-rig.ts';
import { freePort, launchServer } from '../testing/servers/launch-server.ts';
import { testServers } from '../testing/servers/test-servers.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'millrace-bad-input-'));
after(() => rmSync(folder, { recursive: true }));

const secret = 'Geheim-4711';
/** Stands in every row of every table here. */
const rowText = 'row-value-0815';

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One command line, to its end; `enough`: it gets SIGTERM when that holds. */
const millrace = async (args: readonly string[], enough: () => boolean = () => false): Promise<Ended> => {
  const env = { ...process.env, BAD_INPUT_PASSWORD: secret };
  const child = spawn(process.execPath, [main, ...args], { cwd: folder, env });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  }
  const closed = new Promise<number | null>((resolve) => child.on('close', resolve));
  const deadline = performance.now() + 20_000;
  while (child.exitCode === null && performance.now() < deadline && !enough()) await sleep(20);
  child.kill();
  return { code: await closed, ...output };
};

interface Refusal {
  readonly exit: number;
  readonly code: string;
  /** What happened to what. */
  readonly says: RegExp;
  readonly remedy: RegExp;
}

const assertRefused = ({ code, stdout, stderr }: Ended, refusal: Refusal): void => {
  assert.equal(code, refusal.exit, stderr);
  const said = stderr.split('\n');
  const at = said.findIndex((line) => /\berror {2}[A-Z]/.test(line) && line.includes(`  ${refusal.code}  `));
  assert.ok(at >= 0, `no error line with ${refusal.code}:\n${stderr}`);
  assert.match(said[at]!, refusal.says);
  assert.match(said.slice(at + 1).join('\n'), refusal.remedy);
  for (const hidden of [secret, rowText]) assert.ok(!`${stdout}${stderr}`.includes(hidden), `${hidden} was shown`);
  assert.doesNotMatch(stderr, /internal error|\n\s+at /);
};

let files = 0;
/** Writes a pipeline file and gives its name. */
const pipelineFile = (content: object | string): string => {
  files += 1;
  const name = `p${files}.yaml`;
  const retry = { name: 'bad-input', 'retry.attempts': 2, 'retry.initial-delay': '10ms' };
  const text = typeof content === 'string' ? content : JSON.stringify({ ...content, pipeline: retry }, null, 2);
  writeFileSync(join(folder, name), text);
  return name;
};

/** What the mirror holds: its rows, and the place of each lane. */
const mirrorState = (
  path: string,
): { readonly rows: readonly unknown[]; readonly places: readonly unknown[] } | null => {
  try {
    using db = new DatabaseSync(join(folder, path), { readOnly: true, timeout: 1_000 });
    const [table] = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE '%.t'").all();
    return {
      rows: db.prepare(`SELECT * FROM "${table?.['name']}" ORDER BY id`).all(),
      places: db.prepare('SELECT lane, position FROM millrace_position ORDER BY lane').all(),
    };
  } catch {
    return null;
  }
};
const rowsOf = (path: string): number => mirrorState(path)?.rows.length ?? 0;

const insert = (id: number): string => `INSERT INTO t VALUES (${id}, '${rowText}')`;

/** A table with one row and a mirror of it on a server. */
class Shop implements AsyncDisposable {
  readonly rig: MysqlRig;
  readonly mirror: string;
  #settings: Readonly<Record<string, unknown>>;
  #rows = 0;

  private constructor(rig: MysqlRig) {
    this.rig = rig;
    this.mirror = `${rig.database}.db`;
    const { host, port, user, password } = rig.server;
    this.#settings = { type: 'mysql', hostname: host, port, username: user, password, tables: `${rig.database}.t` };
  }

  static async open(server: Address): Promise<Shop> {
    const shop = new Shop(await MysqlRig.open(server));
    await shop.rig.run(`CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(40))`);
    await shop.insert();
    await shop.follow();
    return shop;
  }

  async insert(): Promise<void> {
    this.#rows += 1;
    await this.rig.run(insert(this.#rows));
  }

  file(settings: Readonly<Record<string, unknown>> = {}): string {
    return pipelineFile({ source: { ...this.#settings, ...settings }, sink: { type: 'sqlite', path: this.mirror } });
  }

  /** Runs the pipeline as it should be, until the mirror has every row. */
  async follow(): Promise<void> {
    const { code, stderr } = await millrace(['run', this.file()], () => rowsOf(this.mirror) === this.#rows);
    assert.equal(code, 0, stderr);
    assert.equal(rowsOf(this.mirror), this.#rows);
  }

  /** Runs with wrong settings while a row waits to be mirrored, and nothing may move. */
  async refuses(settings: Readonly<Record<string, unknown>>, refusal: Refusal): Promise<void> {
    const stood = mirrorState(this.mirror);
    assertRefused(await millrace(['run', this.file(settings)]), refusal);
    assert.deepEqual(mirrorState(this.mirror), stood);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.rig[Symbol.asyncDispose]();
  }
}

const grantRemedy = /GRANT SELECT, REPLICATION SLAVE, REPLICATION CLIENT ON \*\.\*/;

for (const server of testServers().filter(({ name }) => name !== 'mariadb-10.11')) {
  describe(`${server.name}: bad input leaves everything in its place:`, () => {
    const user = (name: string): string => `bad_${process.pid}_${name}`;
    const login = (name: string) => ({ username: user(name), password: `\${BAD_INPUT_PASSWORD}` });
    const accounts: Readonly<Record<string, readonly string[]>> = {
      nothing: [],
      reader: ['SELECT, REPLICATION CLIENT ON *.*'],
      blind: ['REPLICATION SLAVE, REPLICATION CLIENT ON *.*'],
    };
    let shop: Shop;

    before(async () => {
      shop = await Shop.open(server);
      for (const [name, grants] of Object.entries(accounts)) {
        await shop.rig.run(`CREATE USER ${user(name)} IDENTIFIED BY '${secret}'`);
        for (const grant of grants) await shop.rig.run(`GRANT ${grant} TO ${user(name)}`);
      }
      await shop.insert();
    });
    after(async () => {
      for (const name of Object.keys(accounts)) await shop.rig.run(`DROP USER ${user(name)}`);
      await shop[Symbol.asyncDispose]();
    });

    test('a wrong password', () =>
      shop.refuses(
        { username: user('nothing'), password: `\${BAD_INPUT_PASSWORD}-wrong` },
        {
          exit: 1,
          code: 'MYSQL_ACCESS_DENIED',
          says: /refuses the login of bad_/,
          remedy: /Check username and password/,
        },
      ));

    test('an unknown host', () =>
      shop.refuses(
        { hostname: 'no-such-host.invalid' },
        {
          exit: 1,
          code: 'PIPELINE_RETRIES_EXHAUSTED',
          says: /gave up after 2 attempts/,
          remedy: /cannot reach no-such-host\.invalid:\d+: .*ENOTFOUND.*\(NET_UNREACHABLE\)\n.*Check hostname and port/,
        },
      ));

    test('a closed port', async () => {
      const port = await freePort();
      await shop.refuses(
        { port },
        {
          exit: 1,
          code: 'PIPELINE_RETRIES_EXHAUSTED',
          says: /gave up after 2 attempts/,
          remedy: new RegExp(`cannot reach \\S+:${port}: ECONNREFUSED.*\\n.*Check hostname and port`),
        },
      );
    });

    test('a user without any right', () =>
      shop.refuses(
        { ...login('nothing'), tables: `${shop.rig.database}.\\.*` },
        {
          exit: 1,
          code: 'MYSQL_MISSING_GRANT',
          says: /lacks (REPLICATION CLIENT|BINLOG MONITOR) on \*\.\*/,
          remedy: grantRemedy,
        },
      ));

    test('a user who lacks REPLICATION SLAVE alone', () =>
      shop.refuses(login('reader'), {
        exit: 1,
        code: 'MYSQL_MISSING_GRANT',
        says: /lacks REPLICATION SLAVE on \*\.\*/,
        remedy: grantRemedy,
      }));

    test('a user who may not read one of the tables', () =>
      shop.refuses(login('blind'), {
        exit: 1,
        code: 'MYSQL_MISSING_GRANT',
        says: new RegExp(`lacks SELECT on ${shop.rig.database}\\.t`),
        remedy: /SELECT may be granted on the captured tables alone/,
      }));

    test('a dump of the log by a user who may not', async () => {
      const url = `mysql://${user('reader')}@${server.host}:${server.port}/?password_env=BAD_INPUT_PASSWORD`;
      assertRefused(await millrace(['binlog', 'dump', url]), {
        exit: 1,
        code: 'MYSQL_MISSING_GRANT',
        says: /lacks REPLICATION SLAVE on \*\.\*/,
        remedy: grantRemedy,
      });
    });

    test('a start in a file that the server does not have', async () => {
      const source = { type: 'mysql', hostname: server.host, port: server.port, username: server.user, password: '' };
      const start = { 'scan.startup.mode': 'specific-offset', 'scan.startup.specific-offset.file': 'binlog.999999' };
      const file = pipelineFile({ source: { ...source, tables: 'x.y', ...start }, sink: { type: 'blackhole' } });
      assertRefused(await millrace(['run', file]), {
        exit: 1,
        code: 'MYSQL_POSITION',
        says: /cannot start at binlog\.999999:4: the server has no such file/,
        remedy: /SHOW BINARY LOGS lists the files/,
      });
    });

    test('and what waited arrives when the input is right again', () => shop.follow());

    test('a writer that another has replaced is fenced and writes nothing more', async () => {
      const older = millrace(['run', shop.file({ 'server-id': 540_001 })]);
      const epoch = (): number => {
        using db = new DatabaseSync(join(folder, shop.mirror), { readOnly: true, timeout: 1_000 });
        return Number(db.prepare('SELECT max(epoch) AS epoch FROM millrace_position').get()?.['epoch']);
      };
      const claimed = async (since: number): Promise<void> => {
        for (let i = 0; i < 500 && epoch() === since; i += 1) await sleep(20);
        // Claims come first; the log is read a moment later.
        await sleep(300);
      };
      await claimed(epoch());
      const rows = rowsOf(shop.mirror);
      const newer = millrace(['run', shop.file({ 'server-id': 540_002 })], () => rowsOf(shop.mirror) > rows);
      await claimed(epoch());
      await shop.insert();
      assert.equal((await newer).code, 0);
      assertRefused(await older, {
        exit: 1,
        code: 'SINK_FENCED',
        says: /bad-input/,
        remedy: /\w/,
      });
      assert.equal(rowsOf(shop.mirror), rows + 1);
    });
  });
}

describe('bad input: a server whose log cannot be followed', () => {
  test('writes no binlog', async () => {
    const options = ['--skip-log-bin', '--gtid-mode=OFF', '--enforce-gtid-consistency=OFF'];
    await using server = await launchServer({ flavor: 'mysql', options });
    const source = { type: 'mysql', hostname: server.host, port: server.port, username: server.user, tables: 'x.y' };
    const refusal: Refusal = {
      exit: 1,
      code: 'MYSQL_BINLOG_OFF',
      says: /127\.0\.0\.1:\d+ writes no binlog/,
      remedy: /Set log_bin=binlog/,
    };
    assertRefused(await millrace(['run', pipelineFile({ source, sink: { type: 'blackhole' } })]), refusal);
  });

  test('logs statements, logs half rows, or has thrown away what is needed', async () => {
    await using server = await launchServer({ flavor: 'mariadb' });
    await using shop = await Shop.open(server);
    await shop.insert();
    await shop.rig.run("SET GLOBAL binlog_format = 'STATEMENT'");
    await shop.refuses(
      {},
      {
        exit: 1,
        code: 'MYSQL_BINLOG_FORMAT',
        says: /logs statements instead of rows \(binlog_format STATEMENT\)/,
        remedy: /binlog_format = 'ROW'/,
      },
    );
    await shop.rig.run("SET GLOBAL binlog_format = 'ROW'", "SET GLOBAL binlog_row_image = 'MINIMAL'");
    await shop.refuses(
      {},
      {
        exit: 1,
        code: 'MYSQL_ROW_IMAGE',
        says: /logs incomplete rows \(binlog_row_image MINIMAL\)/,
        remedy: /binlog_row_image = 'FULL'/,
      },
    );
    await shop.rig.run("SET GLOBAL binlog_row_image = 'FULL'");
    do {
      // MariaDB keeps a file until its engine says that it needs it no more.
      await shop.rig.run('FLUSH BINARY LOGS');
      await shop.rig.run(`PURGE BINARY LOGS TO '${(await shop.rig.logEnd()).file}'`);
      await sleep(20);
    } while ((await shop.rig.query('SHOW BINARY LOGS')).length > 1);
    await shop.refuses(
      {},
      {
        exit: 1,
        code: 'MYSQL_BINLOG_PURGED',
        says: /the log at \S+ is gone; the oldest that is left is/,
        remedy: /take a new snapshot/,
      },
    );
  });
});

describe('bad input: a binlog file', () => {
  const whole = readFileSync(fileURLToPath(new URL('../connectors/mysql/testdata/mysql-9.7.000001', import.meta.url)));
  const garbage = Buffer.from(Array.from({ length: 5_000 }, (_, i) => (i * 7_919 + 3) % 251));
  const inputs: readonly [name: string, bytes: Buffer, commands: Refusal, source: Refusal][] = [];
  const add = (name: string, bytes: Buffer, command: Omit<Refusal, 'exit'>, source: Partial<Refusal> = {}): void => {
    writeFileSync(join(folder, name), bytes);
    const refusal = { exit: 1, ...command };
    (inputs as [string, Buffer, Refusal, Refusal][]).push([name, bytes, refusal, { ...refusal, ...source }]);
  };
  add('garbage.000001', garbage, {
    code: 'BINLOG_NOT_A_BINLOG',
    says: /garbage\.000001 starts with [0-9a-f]{8} where a binlog starts with fe62696e/,
    remedy: /Name a binlog file/,
  });
  add('magic.000001', Buffer.concat([whole.subarray(0, 4), garbage]), {
    code: 'BYTES_MALFORMED',
    says: /magic\.000001 cannot be read: its first event is no FORMAT_DESCRIPTION/,
    remedy: /Compare with mysqlbinlog/,
  });
  const torn = { code: 'CLI_BINLOG_TORN', remedy: /a copy must be made again/ };
  const tornSource = { code: 'MYSQL_BINLOG_FILES', remedy: /copy it again whole and run the pipeline again/ };
  add(
    'half.000001',
    whole.subarray(0, whole.length / 2),
    { ...torn, says: /half\.000001 ends inside an event/ },
    {
      ...tornSource,
      says: /half\.000001: it ends inside the event at \d+/,
    },
  );
  add(
    'empty.000001',
    Buffer.alloc(0),
    { ...torn, says: /empty\.000001 is empty/ },
    {
      ...tornSource,
      says: /empty\.000001: it is empty/,
    },
  );

  for (const [name, , command, source] of inputs) {
    test(`${name.split('.')[0]}: dump and stat say what is wrong with it`, async () => {
      for (const verb of ['dump', 'stat']) assertRefused(await millrace(['binlog', verb, name]), command);
    });

    test(`${name.split('.')[0]}: a pipeline that reads it stops`, async () => {
      const reads = {
        type: 'mysql',
        tables: 'shop.\\.*',
        'binlog.files': name,
        'scan.startup.mode': 'earliest-offset',
      };
      const mirror = `${name}.db`;
      const file = pipelineFile({ source: reads, sink: { type: 'sqlite', path: mirror } });
      assertRefused(await millrace(['run', file]), source);
      using db = new DatabaseSync(join(folder, mirror), { readOnly: true });
      const before = db.prepare('SELECT count(position) AS held FROM millrace_position').get()?.['held'];
      if (name !== 'half.000001') assert.equal(before, 0);
      else {
        // Its whole transactions are kept, and reading goes on behind them once the file is whole.
        assert.ok(Number(before) > 0);
        writeFileSync(join(folder, name), whole);
        assert.equal((await millrace(['run', file])).code, 0);
        const ids = db.prepare('SELECT id FROM "shop.orders" ORDER BY id').all();
        assert.deepEqual(
          ids.map(({ id }) => id),
          [4, 5, 6],
        );
      }
    });
  }

  test('cut between the events of a transaction stops a pipeline as well', async () => {
    const { stdout } = await millrace([
      'binlog',
      'dump',
      join(import.meta.dirname, '../connectors/mysql/testdata/mysql-9.7.000001'),
      '-o',
      'jsonl',
    ]);
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; position: number });
    const end = events.find(({ type }) => type === 'XID')!.position;
    writeFileSync(join(folder, 'cut.000001'), whole.subarray(0, end));
    const reads = {
      type: 'mysql',
      tables: 'shop.\\.*',
      'binlog.files': 'cut.000001',
      'scan.startup.mode': 'earliest-offset',
    };
    assertRefused(await millrace(['run', pipelineFile({ source: reads, sink: { type: 'blackhole' } })]), {
      exit: 1,
      ...tornSource,
      says: /cut\.000001: it ends inside a transaction/,
    });
  });
});

describe('bad input: a pipeline file', () => {
  const refuses = async (content: string, refusal: Refusal): Promise<void> =>
    assertRefused(await millrace(['run', pipelineFile(content)]), refusal);
  const source = `source:\n  type: mysql\n  hostname: db\n  username: u\n  password: ${secret}\n  tables: shop.t\n`;
  const sink = 'sink:\n  type: blackhole\n';

  test('with an unknown key', () =>
    refuses(`${source}  hostnam: db\n${sink}`, {
      exit: 78,
      code: 'CONFIG_UNKNOWN_KEY',
      says: /^p\d+\.yaml:7:3 {2}error {2}.*no key hostnam; did you mean hostname\?/,
      remedy: /\^\^\^\^\^\^\^\n.*docs\/config\.md/,
    }));

  test('that is no YAML', () =>
    refuses(`${source} wrong: [x\n${sink}`, {
      exit: 78,
      code: 'CONFIG_SYNTAX',
      says: /^p\d+\.yaml:7:1 {2}error {2}.*not valid YAML/,
      remedy: /Indent with spaces/,
    }));

  test('with a variable that is not set', () =>
    refuses(`${source.replace(secret, `\${NO_SUCH_VARIABLE_HERE}`)}${sink}`, {
      exit: 78,
      code: 'CONFIG_VARIABLE_MISSING',
      says: /^p\d+\.yaml:5:13 {2}error {2}.*environment variable NO_SUCH_VARIABLE_HERE is not set/,
      remedy: /Set the variable/,
    }));

  test('with a connector that does not exist', () =>
    refuses(`${source}${sink.replace('blackhole', 'blackhol')}`, {
      exit: 78,
      code: 'CONFIG_UNKNOWN_CONNECTOR',
      says: /^p\d+\.yaml:8:9 {2}error {2}.*no sink of type blackhol \(known: .*\); did you mean blackhole\?/,
      remedy: /Set `type`/,
    }));

  test('on one line shows the line around a secret, and not the secret', async () => {
    const text = `{source: {type: mysql, hostname: db, username: u, password: ${secret}, tables: shop.t}, sink: {type: none}}`;
    const { stderr } = await millrace(['lint', pipelineFile(text), '--no-color']);
    assert.ok(!stderr.includes(secret));
    const { stdout } = await millrace(['lint', pipelineFile(text)]);
    assert.match(`${stdout}${stderr}`, /password: \*\*\*, tables: shop\.t\}/);
  });
});

describe('bad input: a mirror', () => {
  const refuses = async (path: string, refusal: Refusal): Promise<void> => {
    const source = { type: 'mysql', hostname: '127.0.0.1', username: 'u', tables: 'shop.t' };
    assertRefused(await millrace(['run', pipelineFile({ source, sink: { type: 'sqlite', path } })]), refusal);
  };

  test('that is a folder', async () => {
    mkdirSync(join(folder, 'folder.db'));
    await refuses('folder.db', {
      exit: 1,
      code: 'SQLITE_CANNOT_OPEN',
      says: /cannot open folder\.db: it is a folder/,
      remedy: /Check that the folder exists/,
    });
  });

  test('that is something else than a database stays as it is', async () => {
    const text = 'minutes of the meeting\n'.repeat(200);
    writeFileSync(join(folder, 'minutes.txt'), text);
    await refuses('minutes.txt', {
      exit: 1,
      code: 'SQLITE_NOT_A_DATABASE',
      says: /minutes\.txt is not a SQLite database/,
      remedy: /Give `path` a new file name/,
    });
    assert.equal(readFileSync(join(folder, 'minutes.txt'), 'utf8'), text);
  });

  test('in a folder that is not there', () =>
    refuses('nowhere/mirror.db', {
      exit: 1,
      code: 'SQLITE_CANNOT_OPEN',
      says: /cannot open nowhere\/mirror\.db/,
      remedy: /Check that the folder exists/,
    }));
});
