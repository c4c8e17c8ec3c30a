/** Columns side by side: the first to the left, figures to the right. Without a head, both columns to the left. */
export const textTable = (head: readonly string[], rows: readonly (readonly string[])[]): string => {
  const all = head.length > 0 ? [head, ...rows] : rows;
  const widths = (all[0] ?? []).map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const isFigure = (column: number): boolean =>
    head.length > 0 && column > 0 && rows.every((row) => /^[\d.]+(\s?[A-Z]+)?$/.test(row[column] ?? ''));
  return all
    .map((row) =>
      row
        .map((cell, column) => (isFigure(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
};
