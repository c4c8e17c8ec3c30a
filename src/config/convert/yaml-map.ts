import { parse } from 'yaml';
import { MillraceError } from '../../core/errors.ts';

export type Plain = Readonly<Record<string, unknown>>;

/** A YAML file of another tool. Throws CONVERT_INPUT where it is no YAML, or no mapping. */
export const yamlMap = (file: string, text: string): Plain => {
  try {
    const content: unknown = parse(text);
    if (typeof content === 'object' && content !== null && !Array.isArray(content)) return content as Plain;
  } catch (error) {
    const reason = `it is no YAML: ${(error as Error).message.split('\n')[0]}`;
    throw new MillraceError('CONVERT_INPUT', { file, reason });
  }
  throw new MillraceError('CONVERT_INPUT', { file, reason: 'it is no mapping' });
};

/** What is under a key, if it is a mapping; else nothing. */
export const mapIn = (value: unknown): Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Plain) : {};

/** What is under a key, if it is a list, each as a mapping. */
export const listIn = (value: unknown): readonly Plain[] => (Array.isArray(value) ? value.map(mapIn) : []);
