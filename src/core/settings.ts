import { z } from 'zod';
import { isMillraceError } from './errors.ts';
import { columnPatterns, splitPatterns, tablePatterns } from './table-pattern.ts';

/**
 * Kinds of settings that connectors share. A connector's `config` is one `z.strictObject` with flat, dotted keys in Flink CDC's
 * words; each field is described in one sentence with its unit.
 */

const units = { ms: 1, s: 1_000, min: 60_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const sizes = {
  b: 1,
  kb: 1_024,
  kib: 1_024,
  mb: 1_048_576,
  mib: 1_048_576,
  gb: 1_073_741_824,
  gib: 1_073_741_824,
} as const;

/** `500ms`, `30s`, `10min`, `2h`, `7d`, or plain milliseconds; the output is milliseconds. */
export const duration = z
  .union([z.number(), z.string()])
  .transform((text, context): number => {
    const match = /^\s*(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d)?\s*$/i.exec(String(text));
    if (match) return Number(match[1]) * units[(match[2]?.toLowerCase() ?? 'ms') as keyof typeof units];
    context.addIssue({
      code: 'custom',
      message: 'not a duration: write a number and ms, s, min, h or d, for example 30s',
    });
    return z.NEVER;
  })
  .meta({ unit: 'ms' });

/** `64kb`, `16mb`, `1gb`, or plain bytes; the output is bytes. */
export const byteSize = z
  .union([z.number(), z.string()])
  .transform((text, context): number => {
    const match = /^\s*(\d+(?:\.\d+)?)\s*(b|kb|kib|mb|mib|gb|gib)?\s*$/i.exec(String(text));
    if (match) return Math.round(Number(match[1]) * sizes[(match[2]?.toLowerCase() ?? 'b') as keyof typeof sizes]);
    context.addIssue({ code: 'custom', message: 'not a size: write a number and b, kb, mb or gb, for example 16mb' });
    return z.NEVER;
  })
  .meta({ unit: 'bytes' });

/** A value that is printed as `***` everywhere: messages, logs, `config show`, support bundles. */
export const secret = (): z.ZodString => z.string().meta({ secret: true });

/** `a, b` or a YAML list; the output is a list without empty entries. */
export const list = z
  .union([z.string(), z.array(z.string())])
  .transform((value): readonly string[] =>
    (typeof value === 'string' ? value.split(',') : value).map((part) => part.trim()).filter((part) => part !== ''),
  );

/** `shop.orders, app_db.\.*` or a YAML list: patterns of core/table-pattern.ts, checked here so that a wrong one is shown at its place. */
export const tableList = patternList((patterns) => tablePatterns(patterns, []));

/** Patterns of columns: `shop.customers.(email|phone)`. */
export const columnList = patternList(columnPatterns);

/** A key that another tool's files carry and that changes nothing here. Setting it gives one warning with `reason`. */
export const withoutEffect = (reason: string) =>
  z.unknown().optional().meta({ withoutEffect: reason }).describe(`Accepted without effect: ${reason}.`);

function patternList(check: (patterns: readonly string[]) => unknown) {
  return z.union([z.string(), z.array(z.string())]).transform((value, context): readonly string[] => {
    const patterns = (typeof value === 'string' ? [value] : value).flatMap(splitPatterns);
    for (const [index, pattern] of patterns.entries()) {
      try {
        check([pattern]);
      } catch (error) {
        if (!isMillraceError(error, 'CONFIG_TABLE_PATTERN')) throw error;
        context.addIssue({
          code: 'custom',
          message: error.message,
          path: typeof value === 'string' ? [] : [Math.min(index, value.length - 1)],
        });
      }
    }
    if (patterns.length === 0) context.addIssue({ code: 'custom', message: 'names nothing' });
    return patterns;
  });
}
