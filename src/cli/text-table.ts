/** Columns side by side: the first to the left, figures to the right. Without a head, both columns to the left. */
export const textTable = (head: readonly string[], rows: readonly (readonly string[])[]): string => {
  const all = head.length > 0 ? [head, ...rows] : rows;
  const columns = (all[0] ?? []).map((_, column) => ({
    width: all.reduce((widest, row) => Math.max(widest, row[column]?.length ?? 0), 0),
    isFigure: head.length > 0 && column > 0 && rows.every((row) => figure.test(row[column] ?? '')),
  }));
  const aligned = (cell: string, column: number): string => {
    const { width, isFigure } = columns[column]!;
    return isFigure ? cell.padStart(width) : cell.padEnd(width);
  };
  return all.map((row) => row.map(aligned).join('  ').trimEnd()).join('\n');
};

const figure = /^[\d.]+(\s?[A-Z]+)?$/;
