import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { defineConnector } from '../core/connector.ts';
import { MemorySink, MemoryStore } from '../testing/memory-sink.ts';
import { openSink, openSource } from './open-ends.ts';

test('opens ends with the settings of a pipeline file, and names an end that a connector lacks', async () => {
  const memory = defineConnector({
    type: 'memory',
    config: z.strictObject({ inFlight: z.int().default(2) }),
    openSink: async ({ inFlight }) => new MemorySink(new MemoryStore(), { inFlight }),
    check: async () => [],
  });
  await using sink = await openSink(memory, {});
  assert.equal(sink.inFlight, 2);
  await assert.rejects(openSource(memory, {}), /memory is no source/);
  await assert.rejects(openSink(memory, { inflight: 1 } as never), /nrecognized key/);
});
