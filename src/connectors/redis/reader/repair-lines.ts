/**
 * Commands as `redis-cli` reads them, one a line, so that a person can look at them, and run them, before anything does:
 *
 *     UNLINK "shop:orders:7"
 *     HSET "shop:orders:7" "id" "7" "note" "\xff\"\n"
 */
export const repairLine = (command: readonly (string | Uint8Array)[]): string => {
  const [name, ...args] = command;
  return [String(name), ...args.map(quoted)].join(' ');
};

/** What `repairLine` wrote, as arguments. */
export const repairCommand = (line: string): readonly Buffer[] => {
  const [name = ''] = line.split(' ', 1);
  const args = [...line.slice(name.length).matchAll(/ "((?:[^"\\]|\\.)*)"/g)].map(([, text]) => unquoted(text!));
  return [Buffer.from(name), ...args];
};

const quoted = (arg: string | Uint8Array): string => {
  const bytes = typeof arg === 'string' ? Buffer.from(arg) : arg;
  let text = '"';
  for (const byte of bytes) {
    if (byte === 0x22 || byte === 0x5c) text += `\\${String.fromCharCode(byte)}`;
    else if (byte >= 0x20 && byte < 0x7f) text += String.fromCharCode(byte);
    else text += `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return `${text}"`;
};

const unquoted = (text: string): Buffer =>
  Buffer.from(
    text.replaceAll(/\\(?:x([0-9a-f]{2})|(.))/g, (_, hex: string | undefined, letter: string) =>
      hex === undefined ? letter : String.fromCharCode(Number.parseInt(hex, 16)),
    ),
    'latin1',
  );
