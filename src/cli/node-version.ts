/** The oldest Node that runs millrace: its zstd, its SQLite and `await using`. */
const NEEDED = [24, 6];

/** What is wrong with a Node version such as `20.19.2`; null: nothing. */
export const nodeProblem = (version: string): string | null => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > NEEDED[0]! || (major === NEEDED[0] && minor >= NEEDED[1]!)) return null;
  return `millrace needs Node ${NEEDED.join('.')} or newer, and this is Node ${version}. Install a newer one from https://nodejs.org, then try again.`;
};
