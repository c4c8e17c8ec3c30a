/** What one run of a contender says of itself, as one JSON line on stdout. */
export interface Run {
  readonly rows: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakRssMiB: number;
  /** What only this benchmark measures: name with unit, value. */
  readonly figures?: Readonly<Record<string, number>>;
}

/** One contender's line in a benchmark's result: medians over the rounds. */
export interface Result {
  readonly bench: string;
  readonly contender: string;
  readonly rowsPerSecond: number;
  readonly cpuSecondsPerMillion: number;
  readonly peakRssMiB: number;
  /** This contender's rate over millrace's in the same run: 0.5 means half as fast. */
  readonly ratioToMillrace: number;
  readonly figures: Readonly<Record<string, number>>;
}

/** A contender that could not be measured here: its line says why. */
export interface Absent {
  readonly bench: string;
  readonly contender: string;
  readonly absent: string;
}

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

/** Folds interleaved rounds into a line per contender, in the order of `runs`. */
export const summarise = (bench: string, runs: ReadonlyMap<string, readonly Run[]>): readonly Result[] => {
  const own = runs.get('millrace');
  const ownRate = own === undefined ? Number.NaN : rate(own);
  return [...runs].map(([contender, rounds]) => ({
    bench,
    contender,
    rowsPerSecond: Math.round(rate(rounds)),
    cpuSecondsPerMillion: round(median(rounds.map((run) => (run.cpuSeconds / run.rows) * 1e6)), 3),
    peakRssMiB: round(median(rounds.map((run) => run.peakRssMiB)), 1),
    ratioToMillrace: round(rate(rounds) / ownRate, 3),
    figures: Object.fromEntries(
      Object.keys(rounds[0]!.figures ?? {}).map((name) => [
        name,
        round(median(rounds.map((run) => run.figures![name]!)), 2),
      ]),
    ),
  }));
};

const rate = (rounds: readonly Run[]): number => median(rounds.map((run) => run.rows / run.seconds));
const round = (value: number, digits: number): number => Number(value.toFixed(digits));
