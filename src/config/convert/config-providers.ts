/** References of Kafka Connect's config providers, `${provider:path:key}`, of which two say where a value is on this machine. */

const reference = /\$\{([\w.-]+):([^}]*)\}/g;

/** The same text in a pipeline file's words: variables and files stay references, anything else that looks like one is plain text. */
export const withoutProviders = (text: string): string => {
  let out = '';
  let at = 0;
  for (const match of text.matchAll(reference)) {
    const ours = ownReference(match[1]!, match[2]!);
    if (ours === null) continue;
    out += plain(text.slice(at, match.index)) + ours;
    at = match.index + match[0].length;
  }
  return out + plain(text.slice(at));
};

/** Whether a config provider that is not here gives the value. */
export const needsProvider = (text: string): boolean =>
  [...text.matchAll(reference)].some(([, provider, path]) => ownReference(provider!, path!) === null);

/** Whether the whole value is a reference that a pipeline file can hold too. */
export const isOwnReference = (text: string): boolean =>
  /^\$\{[^}]*\}$/.test(text) && text.includes(':') && !needsProvider(text);

/** EnvVarConfigProvider's `${env:NAME}` and DirectoryConfigProvider's `${directory:/folder:file}`; null: another's. */
const ownReference = (provider: string, path: string): string | null => {
  const variable = /^(?::)?(\w+)$/.exec(path);
  if (provider === 'env' && variable) return `\${${variable[1]}}`;
  const file = /^(\/[^:]*):([^:/]+)$/.exec(path);
  if (/^dir(ectory)?$/.test(provider) && file) return `\${file:${file[1]}/${file[2]}}`;
  return null;
};

const plain = (text: string): string => text.replaceAll('${', '$${');
