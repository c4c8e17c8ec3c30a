import type { Statement } from '../../sql/ast/statement.ts';
import { parseScript } from '../../sql/parse/script.ts';
import { sqlError } from '../../sql/sql-error.ts';
import { statementText } from '../../sql/unparse/statement.ts';
import type { BindingSurroundings } from '../bind-options.ts';
import { SqlProgram } from '../sql-program.ts';
import type { DirectTable } from './direct-sources.ts';
import { type FlinkProfile, flinkRefusal } from './flink-profile.ts';
import { type FedTable, type FlinkTarget, flinkTable } from './flink-table.ts';

export interface FlinkScript {
  /** What is sent, a statement each; `shown` is how messages call it. */
  readonly statements: readonly { readonly text: string; readonly shown: string }[];
  readonly fed: readonly FedTable[];
  /** Tables that Flink reads from MySQL itself. */
  readonly direct: readonly DirectTable[];
  readonly jobName: string;
}

/** What runs on a cluster as it runs here: declarations, settings and what is inserted. Throws SQL_ errors with the place. */
export const flinkScript = (
  sql: string,
  {
    profile,
    brokers,
    topicPrefix,
    direct = false,
  }: Pick<FlinkTarget, 'brokers' | 'topicPrefix' | 'direct'> & { readonly profile: FlinkProfile },
  surroundings: BindingSurroundings,
): FlinkScript => {
  const program = new SqlProgram({ bounded: false, server: null, ...surroundings });
  const statements: { readonly text: string; readonly shown: string }[] = [];
  const fed = new Map<string, FedTable>();
  const read: DirectTable[] = [];
  const parsed = parseScript(sql);
  let jobName = program.pipelineName;
  let inserts = 0;
  for (const statement of parsed) {
    const outcome = program.take(statement);
    jobName = program.pipelineName ?? (outcome.kind === 'job' ? (jobName ?? outcome.job.name) : jobName);
    if (outcome.kind === 'job') {
      inserts += 1;
      for (const { plan } of outcome.job.inserts) {
        const reason = flinkRefusal(plan, profile);
        if (reason !== null)
          throw sqlError('SQL_NOT_SUPPORTED', statement, { what: `this query on ${profile}`, reason });
      }
    } else if (outcome.kind !== 'done') {
      throw sqlError('SQL_INVALID', statement, {
        reason: 'a cluster shows nothing: declarations, SET and INSERT INTO are submitted',
      });
    }
    const whole = statement.kind === 'create-table' ? program.declared(statement.path) : null;
    if (whole === null) {
      statements.push({ text: statementText(statement), shown: shownAs(statement) });
      continue;
    }
    const target = { brokers, topicPrefix, direct, group: jobName ?? topicPrefix, expand: surroundings.expand };
    const rewritten = flinkTable(whole.statement, whole, target);
    statements.push({ text: statementText(rewritten.statement), shown: shownAs(statement) });
    if (rewritten.fed !== null) fed.set(rewritten.fed.topic, rewritten.fed);
    if (rewritten.direct !== undefined) read.push(rewritten.direct);
  }
  if (inserts === 0)
    throw sqlError(
      'SQL_INVALID',
      { start: 0, end: sql.length },
      { reason: 'there is no INSERT INTO, so nothing would run' },
    );
  return { statements, fed: [...fed.values()], direct: read, jobName: jobName! };
};

/** Without its options, which may hold passwords. */
const shownAs = (statement: Statement): string => {
  const { path } = statement as { readonly path?: readonly { readonly name: string }[] };
  const name = path === undefined ? '' : ` ${path.map((part) => part.name).join('.')}`;
  return `${statement.kind.toUpperCase().replaceAll('-', ' ')}${name}`;
};
