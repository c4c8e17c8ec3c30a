/**
 * How often a result of arithmetic, of CAST or of a total did not fit its type in this process: by Flink's rules a DECIMAL becomes NULL then,
 * and a whole number goes around. It is no error there, so whoever runs queries has to say it.
 */
export const overflows = { count: 0 };

/** Counts the overflow that gave `value`. */
export const overflowed = <Value>(value: Value): Value => {
  overflows.count += 1;
  return value;
};
