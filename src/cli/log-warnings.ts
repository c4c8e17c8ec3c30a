import type { OpenableFile } from '../config/pipeline-file.ts';
import type { Context } from '../core/connector.ts';

/**
 * Logs what the connectors' checks find that does not stop a pipeline but will hurt one day: cascades that are not logged, tables
 * without a key, a log that is kept too short. What does stop it, the pipeline meets by itself and says better.
 */
export const logWarnings = async (file: OpenableFile, context: Context): Promise<void> => {
  for (const { connector, config } of [...file.sources, ...file.sinks]) {
    try {
      for (const { code, message, remedy, severity } of await connector.check(config as never, context)) {
        if (severity === 'warning') context.log.warn('a check found something', { finding: message, code, remedy });
      }
    } catch (error) {
      context.log.debug('check failed', { error: (error as Error).message });
    }
  }
};
