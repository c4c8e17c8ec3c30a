/**
 * The code of a log line, for filters and alerts: its message up to the first comma, colon or semicolon, as words in capitals. Messages
 * are fixed texts with everything that varies in fields, so the code is as stable as the message; docs/log-events.md lists all of them.
 */
export const logEvent = (message: string): string =>
  message
    .split(/[,;:]/, 1)[0]!
    .replace(/[^A-Za-z0-9]+/g, '_')
    .replace(/^_|_$/g, '')
    .toUpperCase();
