import { openSync, writeSync } from 'node:fs';
import type { LoadedFile } from '../../config/pipeline-file.ts';
import { redactor } from '../../config/redact.ts';
import { MillraceError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { type TablePatterns, tablePatterns } from '../../core/table-pattern.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import type { Verdict } from '../../server/verification-board.ts';
import { ProgressFile } from '../../verify/progress-state.ts';
import type { TableResult, TableStatus } from '../../verify/table-result.ts';
import { Verification } from '../../verify/verification.ts';
import { ApiClient } from '../api-client.ts';
import type { CommandCall } from '../command.ts';
import { envelope } from '../envelope.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { LiveLines } from '../live-lines.ts';
import { checkedFiles } from '../pipeline-files.ts';
import { logLevel, stderrLog } from '../stderr-log.ts';
import { stopSignals } from '../stop-signals.ts';
import { type ComparedEnds, endsOfFile, endsOfUrls } from '../verify/compared-ends.ts';
import { VerifyReport } from '../verify/verify-report.ts';
import { resultObject, resultText, verifyLine } from '../verify/verify-text.ts';

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const { terminal } = call;
  const wrong = whatIsWrong(call);
  if (wrong !== null) throw new MillraceError('CLI_ARGUMENTS', { command: 'millrace verify', reason: wrong });
  const patterns = call.list('table');
  const only = patterns.length === 0 ? null : tablePatterns(patterns, []);
  const loaded = await checkedFiles(call);
  if (loaded === null) return exitCode.configInvalid;
  const [file] = loaded;

  using signals = stopSignals(() => terminal.say('stopping'));
  let line = '';
  using lines = new LiveLines(terminal, () => (call.flag('quiet') || line === '' ? [] : [line]));
  const redact = redactOf(call, file);
  const log = stderrLog(
    {
      format: call.text('log-format') === 'json' ? 'json' : 'pretty',
      level: logLevel(call),
      prefix: null,
      redact,
      now: () => new Date(),
      write: (text) => lines.write(text),
    },
    terminal.paint,
  );
  const client = call.flag('report') ? new ApiClient(call) : null;
  const comparisons: Comparison[] = [];
  const ends = await openEnds(call, file, log);
  try {
    for (const pair of ends) {
      const verification = verificationOf(call, pair, only, log, ends.length > 1);
      const name = redact(`${pair.from} -> ${pair.to}`);
      const report = client === null ? null : new VerifyReport(client, pair.pipeline!, pair.to, log);
      await report?.begin(verification.status());
      const timer = setInterval(() => {
        line = redact(verifyLine(name, verification.status()));
        report?.progress(verification.status());
      }, 200);
      timer.unref();
      try {
        const results = await verification.run(signals.stop);
        comparisons.push({ name, results });
        clearInterval(timer);
        await report?.end(verdictOf(results), verification.status());
      } catch (error) {
        clearInterval(timer);
        await report?.end(signals.stop.aborted ? 'undecided' : 'failed', verification.status());
        if (!signals.stop.aborted) throw error;
        return exitCode.interrupted;
      } finally {
        clearInterval(timer);
      }
    }
  } finally {
    for (const pair of ends) await pair[Symbol.asyncDispose]();
  }
  line = '';
  await print(call, comparisons);
  const found = new Set(comparisons.map(({ results }) => verdictOf(results)));
  if (found.has('different')) return exitCode.different;
  return found.has('undecided') ? exitCode.checkFailed : exitCode.ok;
};

interface Comparison {
  readonly name: string;
  readonly results: readonly TableResult[];
}

const whatIsWrong = (call: CommandCall): string | null => {
  const urls = [call.text('from'), call.text('to')].filter((url) => url !== null).length;
  if (call.flag('count') && call.text('mode') !== null) return '--count is --mode count; name one of them';
  if (call.flag('report') && call.arguments.length === 0) return '--report goes with a pipeline file';
  if (call.arguments.length === 1)
    return urls === 0 ? null : 'name a pipeline file, or two systems with --from and --to';
  return urls === 2 ? null : 'name a pipeline file, or two systems with both --from and --to';
};

/** Takes the file's secrets, and the passwords of URLs, out of whatever is printed. */
const redactOf = (call: CommandCall, file: LoadedFile | undefined): ((text: string) => string) => {
  const passwords = ['from', 'to'].flatMap((option) => {
    const text = call.text(option) ?? '';
    return URL.canParse(text) ? [new URL(text).password, decodeURIComponent(new URL(text).password)] : [];
  });
  const own = redactor(passwords.filter((password) => password !== ''));
  return (text) => file?.redact(own(text)) ?? own(text);
};

const openEnds = async (
  call: CommandCall,
  file: LoadedFile | undefined,
  log: Log,
): Promise<readonly ComparedEnds[]> => {
  if (file === undefined) return [endsOfUrls(call.text('from')!, call.text('to')!, systemClock)];
  const ends: ComparedEnds[] = [];
  const left = new Set<string>();
  for (const pipeline of file.pipelines) {
    const opened = await endsOfFile(pipeline, { pipeline: pipeline.name, log, clock: systemClock });
    ends.push(...opened.ends);
    for (const name of opened.unreadable) left.add(name);
  }
  if (left.size > 0) log.warn('these cannot be read back, so they are not compared', { ends: [...left].join(', ') });
  if (ends.length === 0) {
    const names = [...left].join(', ');
    throw new MillraceError('VERIFY_NOTHING', { reason: `${file.file} has no sink that can be read (${names})` });
  }
  return ends;
};

const verificationOf = (
  call: CommandCall,
  { source, target, steps, to }: ComparedEnds,
  only: TablePatterns | null,
  log: Log,
  several: boolean,
): Verification => {
  const sample = call.count('sample', 1) ?? 100;
  const chunkRows = call.count('chunk-rows', 1);
  const wait = call.count('wait', 0);
  const state = call.text('resume');
  const mode = call.text('mode');
  const fix = call.text('export-fix');
  // Each sink has its own.
  const ofSink = (path: string): string => (several ? `${path}.${to}` : path);
  return new Verification({
    source,
    target,
    steps,
    clock: systemClock,
    log,
    sample: Math.min(sample, 100) / 100,
    lock: !call.flag('no-lock'),
    counts: call.flag('count') || mode === 'count',
    ...(mode === 'keys' || mode === 'full' ? { depth: mode } : {}),
    repair: call.flag('repair'),
    ...(only === null ? {} : { only: ({ database, name }) => only.matches(database, name) }),
    ...(chunkRows === null ? {} : { chunkRows }),
    ...(wait === null ? {} : { waitMs: wait * 1_000 }),
    ...(state === null ? {} : { progress: new ProgressFile(ofSink(state)) }),
    ...(fix === null ? {} : { onFix: fixWriter(ofSink(fix), target.repairs?.lines === true) }),
  });
};

/** Appends statements to a new file, which only its owner may read: it holds rows. */
const fixWriter = (path: string, lines: boolean): ((table: string, statements: readonly string[]) => void) => {
  let file: number;
  try {
    file = openSync(path, 'w', 0o600);
  } catch (error) {
    throw new MillraceError('CLI_OPTION_VALUE', { option: '--export-fix', reason: (error as Error).message });
  }
  return (table, statements) => {
    // Another client than SQL's may take neither what ends a statement nor a comment.
    const text = statements.map((statement) => `${statement}${lines ? '' : ';'}\n`).join('');
    writeSync(file, lines ? text : `-- ${table}: ${statements.length} statements\n${text}`);
  };
};

const print = async ({ terminal, format }: CommandCall, comparisons: readonly Comparison[]): Promise<void> => {
  if (format === 'json') {
    const objects = comparisons.map(({ name, results }) => ({ pair: name, tables: results.map(resultObject) }));
    await terminal.print(envelope('verify', { comparisons: objects }));
    return;
  }
  for (const { name, results } of comparisons) {
    if (comparisons.length > 1) await terminal.print(`${name}\n`);
    await terminal.print(resultText(results));
  }
};

const verdictOf = (results: readonly TableResult[]): Verdict => {
  const has = (...wanted: readonly TableStatus[]): boolean => results.some(({ status }) => wanted.includes(status));
  if (has('different', 'absent', 'left-over')) return 'different';
  return has('unsettled', 'snapshotting', 'gone') ? 'undecided' : 'equal';
};
