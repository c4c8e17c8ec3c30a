import type { MillraceError } from '../../core/errors.ts';
import { fillMessage, hasDetails, type LocalErrors } from './local-error.ts';
import { enHeadings, zhHeadings, zhSummaries } from './zh-cn-help.ts';
import { zhRedisErrors } from './zh-cn-redis-errors.ts';
import { zhServerErrors } from './zh-cn-server-errors.ts';
import { zhTargetErrors } from './zh-cn-target-errors.ts';
import { zhUsageErrors } from './zh-cn-usage-errors.ts';

export const languages = ['en', 'zh-CN'] as const;
export type Language = (typeof languages)[number];

export const zhErrors: LocalErrors = { ...zhRedisErrors, ...zhServerErrors, ...zhTargetErrors, ...zhUsageErrors };

/**
 * The language that people are spoken to in: `--lang`, then MILLRACE_LANG, then the locale. Logs, JSON, codes and keys are
 * English whatever it is.
 */
export const askedLanguage = (args: readonly string[], env: Readonly<Record<string, string | undefined>>): Language => {
  const at = args.findIndex((arg) => arg === '--lang' || arg.startsWith('--lang='));
  const given = at < 0 ? undefined : args[at]!.includes('=') ? args[at]!.slice('--lang='.length) : args[at + 1];
  const locale = env['LC_ALL'] || env['LC_MESSAGES'] || env['LANG'];
  const wanted = given ?? (env['MILLRACE_LANG'] || locale || '');
  return /^zh([-_.]|$)/i.test(wanted) ? 'zh-CN' : 'en';
};

let chosen: Language = 'en';

/** Chooses the language of this process, once, before anything is said. */
export const speak = (language: Language): void => {
  chosen = language;
};

/** What is said of an error to a person: its message and what to do. */
export const saidOf = (
  error: MillraceError,
  language = chosen,
): { readonly message: string; readonly hint: string } => {
  const local = language === 'zh-CN' ? zhErrors[error.code] : undefined;
  // What came over the HTTP API has its English words and no details.
  if (local === undefined || !hasDetails(local[0], error.details)) return { message: error.message, hint: error.hint };
  return { message: fillMessage(local[0], error.details), hint: local[1] };
};

/** Message, with places for details, and hint of a code in a language; nothing: it has none in it. */
export const localTexts = (code: string, language = chosen): { readonly message?: string; readonly hint?: string } => {
  const local = language === 'zh-CN' ? zhErrors[code] : undefined;
  return local === undefined ? {} : { message: local[0].replace(/\{\?([^{}]*)\}/g, '$1'), hint: local[1] };
};

export const headings = (): Readonly<Record<keyof typeof enHeadings, string>> =>
  chosen === 'zh-CN' ? zhHeadings : enHeadings;

export const summaryOf = ({ name, summary }: { readonly name: string; readonly summary: string }): string =>
  (chosen === 'zh-CN' ? zhSummaries[name] : undefined) ?? summary;
