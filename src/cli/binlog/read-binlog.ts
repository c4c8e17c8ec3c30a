/**
 * The events of binlog files, folders and servers, in their order, for commands that look at a log without running a pipeline.
 */
import { createReadStream } from 'node:fs';
import { open, readdir, readFile, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { fileReason } from '../../config/interpolate.ts';
import { MillraceError } from '../../core/errors.ts';
import { type EventFrame, headerLength, keepFrame } from '../../protocol/mysql/event-frame.ts';
import { binlogMagic, FileFramer } from '../../protocol/mysql/file-framer.ts';
import { type EventLists, type LoggedEvent, type ReadOptions, withPayloads } from './logged-event.ts';

/** Reads what the arguments name, one after the other. */
export async function* readBinlogs(inputs: readonly string[], options: ReadOptions): EventLists {
  for (const [index, input] of inputs.entries()) {
    const from = index === 0 ? options.from : null;
    const to = index === inputs.length - 1 ? options.to : null;
    if (/^mysql:\/\//i.test(input)) {
      // Loaded here so that looking at files does not load the driver.
      const { readServer } = await import('./read-server.ts');
      yield* readServer(input, { ...options, from, to });
      continue;
    }
    const files = await binlogFiles(input);
    for (const [at, file] of files.entries()) {
      if (options.signal.aborted) return;
      yield* readFileEvents(file, {
        ...options,
        from: at === 0 ? from : null,
        to: at === files.length - 1 ? to : null,
      });
    }
  }
}

/** The files that a path stands for: itself, or a folder's in the order of its index file, else by name. */
const binlogFiles = async (path: string): Promise<readonly string[]> => {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const names = (await readdir(path)).filter((name) => /\.\d{6,}$/.test(name)).sort();
    const index = (await readdir(path)).find((name) => /bin.*\.index$/.test(name));
    const listed = index
      ? (await readFile(join(path, index), 'utf8')).split('\n').map((line) => basename(line.trim()))
      : names;
    const files = listed.filter((name) => names.includes(name)).map((name) => join(path, name));
    if (files.length > 0) return files;
  } catch (error) {
    throw new MillraceError('CLI_INPUT_UNREADABLE', { input: path, reason: fileReason(error) });
  }
  throw new MillraceError('CLI_INPUT_UNREADABLE', { input: path, reason: 'the folder holds no binlog files' });
};

async function* readFileEvents(path: string, options: ReadOptions): EventLists {
  const file = basename(path);
  const framer = new FileFramer({ name: path });
  let events: LoggedEvent[] = [];
  let ended = false;
  const collect = (frame: EventFrame): void => {
    const position = framer.position - frame.size;
    if (options.to !== null && position >= options.to) ended = true;
    if (!ended) events.push({ file, position, frame: keepFrame(frame), inside: false });
  };
  try {
    let start = 0;
    if (options.from !== null && options.from > binlogMagic.length) {
      framer.push(await formatDescriptionBytes(path), collect);
      framer.seek(options.from);
      start = options.from;
    }
    const stream = createReadStream(path, { start, highWaterMark: CHUNK_BYTES, signal: options.signal });
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      framer.push(chunk, collect);
      yield* withPayloads(events);
      events = [];
      if (ended) return;
    }
  } catch (error) {
    if (options.signal.aborted) return;
    // Whatever was whole before the damage is handed on first.
    yield* withPayloads(events);
    if (!(error instanceof MillraceError)) {
      throw new MillraceError('CLI_INPUT_UNREADABLE', { input: path, reason: fileReason(error) });
    }
    if (framer.position <= binlogMagic.length) throw error;
    if (framer.position === options.from) throw notAnEvent(options.from, file, error);
    const details = { file: resolve(path), position: framer.position };
    throw new MillraceError('CLI_BINLOG_DAMAGED', details, { cause: error });
  }
  yield* withPayloads(events);
  const torn = framer.finish();
  if (torn && torn.position === options.from) throw notAnEvent(options.from, file, null);
  if (torn) throw new MillraceError('CLI_BINLOG_TORN', { file: resolve(path), ...torn });
}

const notAnEvent = (from: number, file: string, cause: unknown): MillraceError => {
  const reason = `no event starts at ${from} in ${file}; \`binlog dump\` prints where events start`;
  return new MillraceError('CLI_OPTION_VALUE', { option: '--from', reason }, { cause });
};

const CHUNK_BYTES = 1_048_576;

/** A file's magic number and its first event, without which no later event can be read. */
const formatDescriptionBytes = async (path: string): Promise<Buffer> => {
  const handle = await open(path);
  try {
    const head = Buffer.alloc(binlogMagic.length + headerLength);
    await handle.read(head, 0, head.length, 0);
    const size = Math.min(head.readUInt32LE(binlogMagic.length + 9), MAX_FORMAT_DESCRIPTION);
    const bytes = Buffer.alloc(binlogMagic.length + size);
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
    return bytes.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
};

const MAX_FORMAT_DESCRIPTION = 1024;
