import { statSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { extname } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * Loads a module of the user's, as it is now: a file that was changed since is loaded anew. Its `import ... from 'millrace'` means this very
 * millrace, wherever the module lies. Throws what loading throws.
 */
export const loadModule = async (path: string): Promise<Readonly<Record<string, unknown>>> => {
  resolveOwnName();
  const url = pathToFileURL(path);
  // Node keeps a module by its address, so another address is another module.
  url.searchParams.set('changed', String(statSync(path).mtimeMs));
  return await import(url.href);
};

let resolved = false;

const resolveOwnName = (): void => {
  if (resolved) return;
  resolved = true;
  const own = new URL(`../index${extname(import.meta.url)}`, import.meta.url).href;
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'millrace' ? { url: own, shortCircuit: true } : next(specifier, context),
  });
};
