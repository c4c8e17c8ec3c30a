import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { silent } from '../testing/pipeline-rig.ts';
import { ChildPipeline } from './child-pipeline.ts';
import { EventRing } from './event-ring.ts';
import type { ToldPipeline } from './told-pipeline.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-child-'));
after(() => rmSync(folder, { recursive: true }));

/** A process that is up, and does with each question what `onQuestion` says. */
const started = async (name: string, onQuestion: string): Promise<ChildPipeline> => {
  const path = join(folder, `${name}.mjs`);
  const line = "{ kind: 'log', line: { level: 'info', message: 'up', fields: {} } }";
  writeFileSync(
    path,
    `process.on('message', ({ kind }) => { if (kind === 'question') { ${onQuestion} } }); process.send({ kind: 'ready' }); process.send(${line});\n`,
  );
  const up = Promise.withResolvers<void>();
  const pipeline = new ChildPipeline({
    name,
    file: `${name}.yaml`,
    plan: {},
    describe: async () => ({ pipeline: {} as ToldPipeline['pipeline'], secrets: [] }),
    program: { path, execArgv: [], env: { PATH: process.env['PATH'] } },
    desired: 'running',
    events: new EventRing(),
    log: silent,
    onLine: () => up.resolve(),
  });
  await up.promise;
  return pipeline;
};

test('whoever asked a process that dies is told that it died, and of what', async () => {
  const pipeline = await started('dying', "process.stderr.write('out of luck\\n', () => process.exit(3));");
  try {
    await assert.rejects(pipeline.ask({ ask: 'offsets' }), {
      code: 'SERVE_CHILD_ENDED',
      retryable: true,
      details: { pipeline: 'dying', reason: 'exit code 3: out of luck' },
    });
  } finally {
    pipeline.kill();
  }
});

test('whoever asks a process that does not answer is not kept for ever', async (context) => {
  const pipeline = await started('silent', '');
  try {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const asked = assert.rejects(pipeline.ask({ ask: 'offsets' }), {
      code: 'SERVE_CHILD_SILENT',
      details: { pipeline: 'silent', seconds: 110 },
    });
    const seen = pipeline.view();
    context.mock.timers.tick(110_000);
    await asked;
    const { health, code } = await seen;
    assert.deepEqual({ health, code }, { health: 'stalled', code: 'SERVE_CHILD_SILENT' });
  } finally {
    context.mock.timers.reset();
    pipeline.kill();
  }
});
