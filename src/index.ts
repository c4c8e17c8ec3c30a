/**
 * millrace as a library. Read a source in a loop:
 *
 *     await using source = await openSource(mysql, { hostname: 'db1', username: 'millrace', password, tables: 'shop.orders' });
 *     for await (const change of changes(source)) console.log(change.kind, change);
 *
 * or run a pipeline as `millrace run` does: see `createPipeline`.
 */
export { blackhole } from './connectors/blackhole/connector.ts';
export { file } from './connectors/file/connector.ts';
export { mysql } from './connectors/mysql/connector.ts';
export { mysqlSink } from './connectors/mysql/sink/connector.ts';
export { sqlite } from './connectors/sqlite/connector.ts';
export type { Batch, Lane, Part, Position } from './core/batch.ts';
export type {
  Change,
  KafkaOrigin,
  MysqlOrigin,
  Op,
  Origin,
  RedisOrigin,
  RowsChange,
  SchemaChange,
  SnapshotMark,
  TruncateChange,
} from './core/change.ts';
export type { Clock } from './core/clock.ts';
export type { Connector, Context, Problem, SettingsOf, Sink, Source } from './core/connector.ts';
export { type ErrorCode, type ErrorDetails, isMillraceError, MillraceError } from './core/errors.ts';
export type { Log, LogFields } from './core/log.ts';
export type { Key, KeyRange, Reader, RowPage, TableName } from './core/reader.ts';
export type { Image, RowImages, ValueWriter } from './core/row-images.ts';
export { type Column, type ColumnType, qualifiedName, type Table } from './core/table.ts';
export type { UnreadableMessage } from './core/unreadable-message.ts';
export type { Row, Value } from './core/value.ts';
export { filterTables, type TableFilter } from './operators/filter-tables.ts';
export type { Operator } from './operators/operator.ts';
export { type ColumnFilter, type ProjectionRules, projectColumns } from './operators/project-columns.ts';
export { type ChangesOptions, changes } from './pipeline/changes.ts';
export type { DeadLetter, DeadLetters } from './pipeline/dead-letters.ts';
export type { Health } from './pipeline/health.ts';
export type { Lag } from './pipeline/lag-meter.ts';
export { type EndOptions, openSink, openSource } from './pipeline/open-ends.ts';
export type { Grouping, PipelineOptions, SinkPlace } from './pipeline/options.ts';
export { createPipeline, type Pipeline, type PipelineResult, type PipelineStatus } from './pipeline/pipeline.ts';
export { defineProcess, type NamedRow, type Process, type ProcessedChange } from './pipeline/process/process.ts';
export type { Speeds, TableCounts } from './pipeline/progress.ts';
export type { Speed } from './pipeline/speed-meter.ts';
export { systemClock } from './pipeline/system-clock.ts';
export { defineAggregate, type UserAggregate } from './sql-pipeline/functions/define-aggregate.ts';
export {
  defineFunction,
  type FunctionType,
  type FunctionValue,
  type UserFunction,
} from './sql-pipeline/functions/define-function.ts';
export {
  defineTableFunction,
  type FunctionColumns,
  type FunctionRow,
  type UserTableFunction,
} from './sql-pipeline/functions/define-table-function.ts';
