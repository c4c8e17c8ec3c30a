/** A long test under random faults. It runs as `npm run soak -- NAME --option value`, and anything wrong makes it throw. */
export interface Soak {
  /** Options it takes, as `--name value` with whole numbers, and their defaults. */
  readonly options: Readonly<Record<string, number>>;
  /** Resolves with the figures for the closing line. `progress` prints one line that replaces the one before. */
  run(
    options: Readonly<Record<string, number>>,
    progress: (line: string) => void,
  ): Promise<Readonly<Record<string, number>>>;
}
