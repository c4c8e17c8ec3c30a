import { changePipelines } from '../change-pipelines.ts';
import type { CommandCall } from '../command.ts';
import type { ExitCode } from '../exit-code.ts';

export const run = (call: CommandCall): Promise<ExitCode> => changePipelines(call, 'restart');
