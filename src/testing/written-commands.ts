import { CommandDecoder } from '../protocol/redis/command-decoder.ts';
import type { CommandWriter } from '../protocol/redis/command-writer.ts';

/** The commands that a writer holds, each as its arguments in latin1, read by what reads an append-only file. */
export const writtenCommands = (writer: CommandWriter): readonly (readonly string[])[] => {
  const commands: string[][] = [];
  const decoder = new CommandDecoder({
    command: (command) => void commands.push(Array.from({ length: command.length }, (_, at) => command.textOf(at))),
    note() {},
  });
  decoder.write(Buffer.from(writer.view()));
  return commands;
};
