/** A statement about which Flink's parser and this one disagree, on purpose. */
export interface Deviation {
  readonly statement: string;
  /** What millrace says; Flink says the opposite. */
  readonly accepted: boolean;
  readonly reason: string;
}

const refused = (statement: string, reason: string): Deviation => ({ statement, accepted: false, reason });

/** Every difference in what is read at all. A test holds this list to Flink's recorded verdicts; docs/sql/differences.md shows it. */
export const deviations: readonly Deviation[] = [
  {
    statement: 'SELECT a = b, a <> b, a != b, a < b, a <= b, a > b, a >= b FROM t',
    accepted: true,
    reason: "Flink SQL has no `!=`, but Flink CDC's transform has, and both are read by one parser",
  },
  refused('SELECT TRIM() FROM t', 'Flink reads it and refuses it afterwards'),
  refused("SELECT {fn LCASE('X')}", 'escapes of JDBC have no use in files'),
  refused('SELECT NEXT VALUE FOR s', 'there are no sequences, in Flink neither'),
  refused('SELECT STREAM a FROM t', 'every query is a stream'),
  refused('SELECT a FROM t LIMIT 1.5', 'a fraction of a row'),
  refused(
    'SELECT * FROM t MATCH_RECOGNIZE (PARTITION BY a ORDER BY ts MEASURES A.x AS ax PATTERN (A B+) DEFINE A AS A.x > 1, B AS B.x < 1)',
    'row patterns are not part of the engine',
  ),
  refused('SELECT * FROM t PIVOT (SUM(x) FOR y IN (1, 2))', "Flink's planner takes none either"),
  refused('CREATE OR REPLACE TABLE t (a INT)', 'drop the old one first'),
  refused('CREATE OR REPLACE TABLE t AS SELECT 1', 'drop the old one first'),
  refused('CREATE OR REPLACE VIEW v AS SELECT a FROM t', 'Flink reads it and refuses it afterwards'),
  refused('CREATE TEMPORARY DATABASE d', 'Flink reads it and takes no notice of TEMPORARY'),
  refused("CREATE MATERIALIZED TABLE m FRESHNESS = INTERVAL '1' MINUTE AS SELECT 1", 'write INSERT INTO a table'),
  refused('INSERT INTO t (a b) SELECT 1', 'Flink reads a type behind a column here and refuses it afterwards'),
  refused('UPSERT INTO t SELECT a FROM u', 'Flink reads it and refuses it afterwards'),
  refused('BEGIN STATEMENT SET', 'the set is read as a whole, up to END'),
  refused('USE MODULES core, hive', 'there are no modules of functions'),
  refused('LOAD MODULE hive', 'there are no modules of functions'),
  refused('UNLOAD MODULE core', 'there are no modules of functions'),
  refused("ADD JAR '/a.jar'", 'there is no JVM; functions are TypeScript modules'),
  refused("REMOVE JAR '/a.jar'", 'there is no JVM'),
  refused('ALTER TABLE t RENAME TO u', 'definitions are dropped and created anew'),
  refused('ALTER TABLE t ADD a INT', 'definitions are dropped and created anew'),
  refused("ALTER TABLE t SET ('a' = 'b')", 'definitions are dropped and created anew'),
  refused('ALTER VIEW v AS SELECT 1', 'definitions are dropped and created anew'),
  refused("ALTER DATABASE d SET ('a' = 'b')", 'definitions are dropped and created anew'),
  refused("ALTER FUNCTION f AS 'x'", 'definitions are dropped and created anew'),
  refused('ANALYZE TABLE t COMPUTE STATISTICS', 'no statistics are kept'),
  refused("COMPILE PLAN 'p' FOR INSERT INTO a SELECT 1", 'plans are not stored'),
  refused("EXECUTE PLAN 'p'", 'plans are not stored'),
  refused("STOP JOB 'abc' WITH SAVEPOINT", 'jobs end with the program that runs them'),
  refused('CALL p(1)', 'there are no procedures'),
  refused('DELETE FROM t WHERE a = 1', 'rows are changed where they come from'),
  refused('UPDATE t SET a = 1 WHERE b = 2', 'rows are changed where they come from'),
  refused('TRUNCATE TABLE t', 'rows are changed where they come from'),
  refused(
    'MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN UPDATE SET b = 1',
    'Flink reads it and refuses it afterwards',
  ),
  refused('HELP', "a command of Flink's own terminal"),
  refused('CLEAR', "a command of Flink's own terminal"),
  refused('QUIT', "a command of Flink's own terminal"),
  refused('EXIT', "a command of Flink's own terminal"),
];
