import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptySchema } from '../../protocol/mysql/ddl/schema.ts';
import type { MysqlConnection } from './connection.ts';
import { readDefinition } from './definitions.ts';
import type { ServerFacts } from './server-facts.ts';

test('a definition in words that no known server says is refused, not guessed at', async () => {
  const server = { flavor: 'mysql' } as ServerFacts;
  for (const answer of ['CREATE HOLOGRAM `t` (`id` int)', '', null]) {
    const connection = { query: async () => [['t', answer]] } as unknown as MysqlConnection;
    await assert.rejects(readDefinition(connection, server, emptySchema({ flavor: 'mysql' }), 'shop', 't'), {
      code: 'MYSQL_DEFINITION_UNREADABLE',
      details: { table: 'shop.t', reason: 'its CREATE TABLE statement could not be read' },
    });
  }
});
