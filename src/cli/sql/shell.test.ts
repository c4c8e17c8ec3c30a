import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { commandCall, parseCommandLine } from '../command-line.ts';
import { commands } from '../command-table.ts';
import { errorText } from '../error-text.ts';
import { openTerminal } from '../terminal.ts';
import { runShell } from './shell.ts';
import { ShellHistory } from './shell-history.ts';
import { shellRun } from './shell-run.ts';
import { SqlSession } from './sql-session.ts';

/** A shell, and somebody who types and reads what stands on the screen. */
class Typist {
  readonly history: ShellHistory;
  readonly #input = new PassThrough();
  readonly #ended: Promise<void>;
  #screen = '';
  #read = 0;
  #changed = Promise.withResolvers<void>();

  constructor(file: string) {
    const output = new PassThrough();
    output.on('data', (chunk: Buffer) => {
      this.#screen += chunk.toString();
      const { resolve } = this.#changed;
      this.#changed = Promise.withResolvers();
      resolve();
    });
    this.history = new ShellHistory({ MILLRACE_SQL_HISTORY: file });
    const terminal = openTerminal(output, output, { off: true, env: {} });
    const line = parseCommandLine(['sql'], commands);
    assert.equal(line.kind, 'run');
    const session = new SqlSession(commandCall(line as never, { terminal, env: {}, commands }));
    const words = (error: unknown): string => errorText(error, terminal.paint);
    const screen = Object.assign(output, { columns: 80, rows: 10 });
    this.#ended = shellRun(session, { screen, say: terminal.say, paint: terminal.paint, words }).then((shell) =>
      runShell({ input: this.#input, output: screen, history: this.history, ...shell }),
    );
  }

  type(keys: string): void {
    this.#input.write(keys);
  }

  /** Resolves with what came since the last call, once the screen shows this. */
  async sees(what: RegExp): Promise<string> {
    for (;;) {
      const unread = stripVTControlCharacters(this.#screen).replaceAll('\r', '').slice(this.#read);
      const found = what.exec(unread);
      if (found !== null) {
        this.#read += found.index + found[0].length;
        return unread.slice(0, found.index + found[0].length);
      }
      await this.#changed.promise;
    }
  }

  async ended(): Promise<void> {
    await this.#ended;
  }
}

const inFolder = async (body: (file: string) => Promise<void>): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-shell-'));
  try {
    await body(join(folder, 'state', 'history'));
  } finally {
    rmSync(folder, { recursive: true });
  }
};

test('a statement may take several lines, its result stands in a box, and a mistake is shown at its place', {
  timeout: 60_000,
}, async () => {
  await inFolder(async (file) => {
    const typist = new Typist(file);
    await typist.sees(/sql> /);
    typist.type('SELECT 7 AS n,\n');
    await typist.sees(/ {2}-> /);
    typist.type("'b' AS name;\n");
    const shown = await typist.sees(/1 row in set\n/);
    assert.match(
      shown,
      /\+-+\+-+\+-+\+\n\| op \| +n \| +name \|\n\+-+\+-+\+-+\+\n\| \+I \| +7 \| +b \|\n\+-+\+-+\+-+\+\n1 row/,
    );
    typist.type('SELECT 1;\nSELECT\nnothing FROM nowhere;\nSELECT 2;\n');
    assert.match(
      await typist.sees(/SQL_UNKNOWN_NAME[\s\S]*\^+/),
      /sql:2:14 {2}error[\s\S]*2 \| nothing FROM nowhere;\n/,
    );
    await typist.sees(/\| \+I \| +2 \|/);
    typist.type("SET 'execution.runtime-mode' = 'batch'; SELECT 'x' AS a;\n");
    await typist.sees(/\+---\+\n\| a \|\n\+---\+\n\| x \|\n\+---\+\n1 row in set\n/);
    typist.type('exit;\n');
    await typist.ended();
  });
});

test('Ctrl-C ends the query and not the shell, and at the prompt it forgets what was typed', {
  timeout: 60_000,
}, async () => {
  await inFolder(async (file) => {
    const typist = new Typist(file);
    await typist.sees(/sql> /);
    typist.type(
      "CREATE TABLE clicks (id BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '20', 'fields.id.kind' = 'sequence');\n",
    );
    await typist.sees(/\(done\)/);
    typist.type('SELECT id FROM clicks;\n');
    await typist.sees(/\| \+I \| +3 \|/);
    typist.type('\x03');
    await typist.sees(/rows? in set\n\(stopped\)\n[\s\S]*sql> /);
    typist.type("SET 'sql-client.execution.result-mode' = 'table';\n");
    await typist.sees(/\(done\)\n[\s\S]*sql> /);
    // The screen has ten lines: what does not fit is counted.
    typist.type('SELECT id FROM clicks;\n');
    await typist.sees(/id\n0\n1\n2\n3\n4\n\.\.\.\n\(\d\d rows\)\n/);
    typist.type('\x03');
    await typist.sees(/\(stopped\)[\s\S]*sql> /);
    typist.type('SELECT wrong\n');
    await typist.sees(/ {2}-> /);
    typist.type('more\x03');
    await typist.sees(/\^C\n[\s\S]*sql> /);
    typist.type('SELECT 5 AS five;\n');
    await typist.sees(/\(1 row\)/);
    typist.type('\x04');
    await typist.ended();
  });
});

test('Tab completes, and what was typed is kept for the next shell, but for passwords', {
  timeout: 60_000,
}, async () => {
  await inFolder(async (file) => {
    const first = new Typist(file);
    await first.sees(/sql> /);
    first.type("CREATE TABLE clicks (page STRING) WITH ('connector' = 'datagen', 'number-of-rows' = '0');\n");
    await first.sees(/\(done\)/);
    first.type('DESCRIBE cl');
    await first.sees(/DESCRIBE cl/);
    first.type('\t');
    await first.sees(/icks/);
    first.type(';\n');
    await first.sees(/page +STRING/);
    first.type("SET 'pipeline.name' = 'my password';\n");
    await first.sees(/\(done\)/);
    first.type('quit\n');
    await first.ended();
    const kept = readFileSync(file, 'utf8');
    assert.match(kept, /^CREATE TABLE clicks .*\nDESCRIBE clicks;\n/);
    assert.doesNotMatch(kept, /password/);
    assert.equal(statSync(file).mode & 0o077, 0);
    const second = new Typist(file);
    await second.sees(/sql> /);
    // The line about a password is not there, and the last one is `quit`.
    second.type('\x1b[A\x1b[A');
    await second.sees(/DESCRIBE clicks;/);
    second.type('\n');
    await second.sees(/SQL_UNKNOWN_NAME/);
    second.type('help\n');
    await second.sees(/Ctrl-D ends the shell/);
    second.type('\x04');
    await second.ended();
  });
});
