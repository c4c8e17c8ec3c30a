import type { Connector, Context, Problem } from '../core/connector.ts';
import { isMillraceError } from '../core/errors.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import type { Terminal } from './terminal.ts';

/** One thing to look at: an end of a pipeline, or a server by its URL. */
export interface Patient {
  readonly name: string;
  readonly pipeline: string;
  readonly connector: Connector;
  readonly config: unknown;
}

export interface Examination {
  readonly name: string;
  /** What is as it should be. */
  readonly passed: readonly string[];
  readonly problems: readonly Problem[];
}

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Asks a connector what is wrong with its system. What it cannot even ask is a problem as well. */
export const examine = async (
  { name, pipeline, connector, config }: Patient,
  redact: (text: string) => string,
): Promise<Examination> => {
  const passed: string[] = [];
  const context: Context = { pipeline, log: silent, clock: systemClock, passed: (what) => passed.push(redact(what)) };
  try {
    const problems = await connector.check(config as never, context);
    const clean = problems.map((problem) => ({
      ...problem,
      message: redact(problem.message),
      remedy: problem.remedy === null ? null : redact(problem.remedy),
    }));
    return { name: redact(name), passed, problems: clean };
  } catch (error) {
    if (!isMillraceError(error)) throw error;
    const { code, message, hint } = error;
    return {
      name: redact(name),
      passed,
      problems: [{ code, message: redact(message), remedy: hint, severity: 'error' }],
    };
  }
};

/** An examination as people read it: what is well, then what is not, each with its repair below. */
export const examinationText = ({ name, passed, problems }: Examination, paint: Terminal['paint']): string => {
  const lines = [paint('bold', name), ...passed.map((what) => `  ${paint('green', '✔')} ${what}`)];
  for (const { severity, code, message, remedy } of problems) {
    const mark = severity === 'error' ? paint('red', '✘') : paint('yellow', '!');
    lines.push(`  ${mark} ${message}  ${paint('dim', code)}`);
    if (remedy !== null) lines.push(`      ${remedy}`);
  }
  if (passed.length + problems.length === 0) lines.push(`  ${paint('green', '✔')} ready`);
  return `${lines.join('\n')}\n`;
};
