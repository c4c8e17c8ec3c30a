/** `node --import ./scripts/use-sources.mjs FILE`: what FILE imports from millrace comes from src/, so that nothing has to be built. */
import { registerHooks } from 'node:module';

const entries = {
  millrace: 'index',
  'millrace/mysql': 'mysql',
  'millrace/kafka': 'kafka',
  'millrace/verify': 'verify',
  'millrace/cache': 'cache',
  'millrace/stream': 'stream',
};

registerHooks({
  resolve: (specifier, context, next) =>
    specifier in entries
      ? { url: new URL(`../src/${entries[specifier]}.ts`, import.meta.url).href, shortCircuit: true }
      : next(specifier, context),
});
