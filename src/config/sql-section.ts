import { dirname, resolve } from 'node:path';
import { isMillraceError, MillraceError } from '../core/errors.ts';
import { type Span, spanOfError } from '../sql/sql-error.ts';
import type { FileJob } from '../sql-pipeline/file-job.ts';
import { type ConfigNode, describeNode, type MapEntry, mapEntry } from './config-node.ts';
import { fileReason, interpolateText } from './interpolate.ts';
import type { FrameReading } from './read-pipeline.ts';
import { placeInScalar } from './scalar-place.ts';
import { type Place, SourceText } from './source-text.ts';

/** The statements that take the place of `source` and `sink`, as they are written and as what they come to. */
export interface SqlSection extends FileJob {
  readonly text: string;
  /** What paths of modules within them are relative to: the folder of the file that they stand in. */
  readonly folder: string;
  /** What became of each text within them that is interpolated: its variables are known here, and not wherever it runs. */
  readonly expanded: ReadonlyMap<string, string>;
}

/** Statements, and where a range of them stands. */
interface Written {
  readonly text: string;
  readonly folder: string;
  readonly placeOf: (span: Span) => Place;
}

/** The `sql` section: the statements, or `file`, where they are. Null: it cannot run, which was reported. */
export const readSql = async (read: FrameReading, entry: MapEntry): Promise<SqlSection | null> => {
  const { report, options, hide } = read;
  const written = statementsOf(read, entry);
  if (written === null) return null;
  // Loaded when a file has queries, so that nothing else pays for them.
  const { fileJob } = await import('../sql-pipeline/file-job.ts');
  const expanded = new Map<string, string>();
  try {
    const made = await fileJob(written.text, {
      folder: written.folder,
      expand: (text) => {
        const result = interpolateText(text, options);
        expanded.set(text, result);
        return result;
      },
      hide: (secret, at) => hide(written.placeOf(at), secret),
    });
    return { text: written.text, folder: written.folder, expanded, ...made };
  } catch (error) {
    if (!isMillraceError(error)) throw error;
    const span = spanOfError(error);
    report('error', span === null ? entry.keyPlace : written.placeOf(span), error);
    return null;
  }
};

const statementsOf = ({ report, options, root }: FrameReading, { value, keyPlace }: MapEntry): Written | null => {
  const node: ConfigNode = value;
  const own = dirname(resolve(root.place.source.name));
  if (node.kind === 'scalar' && !node.isNull)
    return { text: node.text, folder: own, placeOf: (span) => placeInScalar(node, span) };
  const file = node.kind === 'map' ? mapEntry(node, 'file')?.value : undefined;
  if (node.kind !== 'map' || file?.kind !== 'scalar' || node.entries.length > 1) {
    const details = { where: 'sql', expected: 'SQL statements, or `file`, where they are', found: describeNode(node) };
    report('error', node.kind === 'scalar' ? keyPlace : node.place, new MillraceError('CONFIG_WRONG_SHAPE', details));
    return null;
  }
  const path = resolve(own, file.text);
  try {
    const source = new SourceText(path, options.readText(path));
    return { text: source.text, folder: dirname(path), placeOf: ({ start, end }) => ({ source, start, end }) };
  } catch (error) {
    report('error', file.place, new MillraceError('CONFIG_UNREADABLE', { file: path, reason: fileReason(error) }));
    return null;
  }
};
