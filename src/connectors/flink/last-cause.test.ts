import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastCause } from './last-cause.ts';

test('a stack of Java becomes its last cause, in one line', () => {
  const stack = `Internal server error.
<Exception on server side:
org.apache.flink.table.gateway.api.utils.SqlGatewayException: Failed to fetchResults.
\tat org.apache.flink.table.gateway.rest.handler.statement.FetchResultsHandler.handleRequest(FetchResultsHandler.java:91)
Caused by: org.apache.flink.table.api.ValidationException: SQL validation failed. From line 1, column 24 to line 1, column 27: Column 'nope' not found in any table
\tat java.base/java.lang.Thread.run(Thread.java:840)
Caused by: org.apache.calcite.sql.validate.SqlValidatorException: Column 'nope' not found in any table
\t... 15 more
End of exception on server side>`;
  assert.equal(lastCause(stack), "Column 'nope' not found in any table");
  assert.equal(lastCause('java.lang.NullPointerException\n\tat a.b.C.d(C.java:1)'), 'NullPointerException');
  assert.equal(lastCause('Job could not be found.\nmore'), 'Job could not be found.');
});
