import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../../pipeline/system-clock.ts';
import { silent } from '../../../testing/pipeline-rig.ts';
import { ReplayServer } from '../../../testing/replay-server/replay-server.ts';
import { RiverLog } from '../../../testing/river-log.ts';
import { checkMysqlSink } from './check.ts';
import { mysqlSinkConfig } from './config.ts';

test('a target that takes no writes, or would log them as statements, is told before the pipeline runs', async () => {
  const { files } = await RiverLog.read('plain');
  await using server = new ReplayServer({
    recording: {
      serverVersion: '8.0.36',
      serverUuid: '00000000-0000-0000-0000-000000000001',
      files,
      answers: {
        'SELECT VERSION(), @@max_allowed_packet': {
          columns: ['VERSION()', '@@max_allowed_packet'],
          rows: [['8.0.36', '67108864']],
        },
        "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('read_only', 'super_read_only', 'binlog_format', 'log_bin')": {
          columns: ['Variable_name', 'Value'],
          rows: [
            ['binlog_format', 'STATEMENT'],
            ['log_bin', 'ON'],
            ['read_only', 'ON'],
            ['super_read_only', 'ON'],
          ],
        },
        'SELECT CURRENT_USER()': { columns: ['CURRENT_USER()'], rows: [['root@%']] },
        'CREATE DATABASE IF NOT EXISTS `millrace`': {
          code: 1044,
          state: '42000',
          message: "Access denied for user 'root'@'%' to database 'millrace'",
        },
      },
    },
    clock: systemClock,
    password: 'p',
  });
  const port = await server.listen();
  const config = mysqlSinkConfig.parse({
    hostname: '127.0.0.1',
    port,
    username: 'root',
    password: 'p',
    'position.database': 'millrace',
  });
  const problems = await checkMysqlSink(config, { pipeline: 'test', clock: systemClock, log: silent });
  assert.deepEqual(
    problems.map(({ code }) => code),
    ['MYSQL_SINK_READ_ONLY', 'MYSQL_SINK_BINLOG_FORMAT', 'MYSQL_MISSING_GRANT'],
    JSON.stringify(problems),
  );
  assert.match(problems[0]!.message, /super_read_only/);
});
