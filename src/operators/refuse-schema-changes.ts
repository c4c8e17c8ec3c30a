import type { Batch } from '../core/batch.ts';
import { MillraceError } from '../core/errors.ts';
import { qualifiedName } from '../core/table.ts';

/** `schema.change.behavior: exception`: stops the pipeline before a changed definition reaches a sink. */
export const refuseSchemaChanges = (batch: Batch): Batch => {
  for (const change of batch.changes) {
    if (change.kind !== 'schema') continue;
    throw new MillraceError('PIPELINE_SCHEMA_CHANGE_REFUSED', {
      table: qualifiedName((change.before ?? change.after)!),
    });
  }
  return batch;
};
