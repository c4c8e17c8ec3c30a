import { columnsOf } from '../../../sql/evaluate/bound-tree.ts';
import type { EvaluationContext, SqlValue, Whole } from '../../../sql/evaluate/sql-value.ts';
import type { Plan } from '../../../sql/plan/plan.ts';
import { type Group, GroupKind } from '../aggregate/groups.ts';
import { type Calc, type CalcPart, compileCalc } from '../calc.ts';
import { Changes, type Delta, type SqlRow } from '../delta.ts';
import { MinHeap } from '../min-heap.ts';
import { type RowKey, rowKey } from '../row-key.ts';
import { KeyedState } from '../state/keyed-state.ts';
import type { Memory } from '../step.ts';
import type { ClosingStep, TimeProgress } from '../watermark/time-progress.ts';
import { lastMoment } from './closing-window-step.ts';
import { inLocalTime } from './in-local-time.ts';
import { type Window, windowsOfTime } from './windows-of-time.ts';

type AggregatePlan = Extract<Plan, { kind: 'aggregate' }>;
type WindowPlan = Extract<Plan, { kind: 'window' }>;

/** The groups of a window that is still open. A group is told apart by the columns that are not the window's edges. */
interface OpenWindow {
  readonly edges: readonly [start: Whole, end: Whole, time: Whole];
  readonly groups: Map<RowKey, Group>;
}

/** Where an edge stands in the rows that are grouped. */
interface EdgeColumn {
  readonly place: number;
  /** 0 to 2: start, end, time. */
  readonly edge: number;
}

/**
 * GROUP BY the windows of TUMBLE, HOP or CUMULATE that close: of each window its groups are kept, and no rows. When the time has
 * passed its end they are told, once, and forgotten.
 */
export class ClosingAggregateStep implements ClosingStep {
  readonly keepsOwnTime = true;
  readonly out = new Changes(true);
  readonly #input: Delta;
  readonly #window: WindowPlan;
  readonly #progress: TimeProgress;
  readonly #windowsOf: (time: Whole) => readonly Window[];
  readonly #calc: Calc;
  readonly #values: SqlValue[];
  /** A row with the edges of a window behind it, made anew for each. */
  readonly #windowed: SqlValue[];
  readonly #set: readonly number[];
  readonly #key: (row: SqlRow) => RowKey;
  readonly #kind: GroupKind;
  /** Where edges are handed on as they are; null: they are computed with too. */
  readonly #edgeColumns: readonly EdgeColumn[] | null;
  /** By their ends, of which each is one window's. */
  readonly #open: KeyedState<OpenWindow>;
  readonly memory?: Memory;
  readonly #byEnd = new MinHeap<OpenWindow>();
  /** The windows of the row before. */
  #last: readonly Window[] | null = null;
  #lastOpen: readonly OpenWindow[] = [];

  /** `parts`: the filters and projections between the window and the aggregate; there is one at least. */
  constructor(
    plan: AggregatePlan,
    { window, parts }: { readonly window: WindowPlan; readonly parts: readonly CalcPart[] },
    input: Delta,
    { progress, appendOnly }: { readonly progress: TimeProgress; readonly appendOnly: boolean },
  ) {
    this.#input = input;
    this.#window = window;
    this.#progress = progress;
    this.#windowsOf = windowsOfTime(window);
    this.#calc = compileCalc(parts);
    const { columns } = plan.input;
    this.#values = new Array(columns.length).fill(null);
    this.#windowed = new Array(window.columns.length).fill(null);
    const [set] = plan.sets as readonly [readonly number[]];
    this.#set = set;
    const edges = edgeColumns(parts, window.input.columns.length);
    this.#edgeColumns = isPassedOn(parts, window.input.columns.length) ? edges : null;
    const apart = set
      .map((group) => plan.groups[group]!)
      .filter((column) => !edges.some(({ place }) => place === column));
    this.#key = rowKey(
      apart,
      apart.map((column) => columns[column]!.type),
    );
    const kind = new GroupKind(plan, appendOnly);
    this.#kind = kind;
    this.#open = new KeyedState<OpenWindow>({
      write: ({ edges: own, groups }, to) => {
        to.value(own);
        to.count(groups.size);
        for (const [key, group] of groups) {
          to.value(key);
          kind.write(group, to);
        }
      },
      read: (from) => {
        const own = from.row() as unknown as OpenWindow['edges'];
        const groups = new Map<RowKey, Group>();
        for (let left = from.count(); left > 0; left -= 1) {
          const key = from.value() as RowKey;
          groups.set(key, kind.read(from, key));
        }
        return { edges: own, groups };
      },
    });
    if (kind.canBeSaved) this.memory = [this.#open];
  }

  get nextEnd(): Whole | null {
    return this.#byEnd.least;
  }

  restored(): void {
    for (const [, open] of this.#open.all()) this.#byEnd.push(open.edges[2], open);
  }

  run(context: EvaluationContext): void {
    const { rows, weights } = this.#input;
    const { zoned, time: column } = this.#window;
    const before = inLocalTime(this.#progress.before, zoned, context);
    this.#last = null;
    for (let i = 0; i < rows.length; i += 1) {
      const row = rows[i]!;
      const time = row[column] as Whole | null;
      if (time === null) continue;
      const windows = this.#windowsOf(time);
      if (windows !== this.#last) this.#enter(windows, before);
      const late = windows.length - this.#lastOpen.length;
      if (late > 0) this.#progress.lateRows += late * Math.abs(weights[i]!);
      if (this.#lastOpen.length > 0) this.#take(row, weights[i]!, context);
    }
    const reached = inLocalTime(this.#progress.reached, zoned, context);
    while (this.#byEnd.least !== null && this.#byEnd.least <= reached) this.#close(this.#byEnd.pop());
  }

  #enter(windows: readonly Window[], before: Whole): void {
    this.#last = windows;
    this.#lastOpen = windows
      .filter((window) => lastMoment(window) > before)
      .map((window): OpenWindow => {
        const known = this.#open.get(window[1]);
        if (known !== undefined) {
          this.#open.changed(window[1]);
          return known;
        }
        const open = { edges: [...window, lastMoment(window)] as const, groups: new Map() };
        this.#open.set(window[1], open);
        this.#byEnd.push(open.edges[2], open);
        return open;
      });
  }

  #take(row: SqlRow, weight: number, context: EvaluationContext): void {
    const windowed = this.#windowed;
    const own = row.length;
    for (let i = 0; i < own; i += 1) windowed[i] = row[i]!;
    const edgePlaces = this.#edgeColumns;
    if (edgePlaces !== null && !this.#calc(windowed, context, this.#values)) return;
    let key: RowKey = edgePlaces === null ? null : this.#key(this.#values);
    for (const open of this.#lastOpen) {
      if (edgePlaces === null) {
        for (let edge = 0; edge < 3; edge += 1) windowed[own + edge] = open.edges[edge]!;
        if (!this.#calc(windowed, context, this.#values)) continue;
        key = this.#key(this.#values);
      } else {
        for (const { place, edge } of edgePlaces) this.#values[place] = open.edges[edge]!;
      }
      let group = open.groups.get(key);
      if (group === undefined) {
        group = this.#kind.open(key, this.#set, this.#values);
        open.groups.set(key, group);
      }
      this.#kind.add(group, this.#values, weight);
    }
  }

  #close({ edges, groups }: OpenWindow): void {
    this.#open.delete(edges[1]);
    for (const group of groups.values()) if (group.count > 0) this.out.add(this.#kind.changed(group)!, 1);
  }
}

/** The columns behind `parts` that are edges, which stand behind `width` columns before them. */
const edgeColumns = (parts: readonly CalcPart[], width: number): readonly EdgeColumn[] => {
  let edges: readonly EdgeColumn[] = [0, 1, 2].map((edge) => ({ place: width + edge, edge }));
  for (const part of parts) {
    if (part.kind === 'filter') continue;
    edges = part.expressions.flatMap((expression, place): readonly EdgeColumn[] => {
      const from = expression.kind === 'column' ? edges.find((edge) => edge.place === expression.index) : undefined;
      return from === undefined ? [] : [{ place, edge: from.edge }];
    });
  }
  return edges;
};

/** Whether nothing is computed from an edge. */
const isPassedOn = (parts: readonly CalcPart[], width: number): boolean => {
  let edges: readonly number[] = [width, width + 1, width + 2];
  for (const part of parts) {
    const computed =
      part.kind === 'filter' ? [part.condition] : part.expressions.filter(({ kind }) => kind !== 'column');
    if (computed.some((expression) => columnsOf(expression).some((column) => edges.includes(column)))) return false;
    if (part.kind === 'project') edges = passed(part.expressions, edges);
  }
  return true;
};

const passed = (expressions: Extract<CalcPart, { kind: 'project' }>['expressions'], edges: readonly number[]) =>
  expressions.flatMap((expression, place) =>
    expression.kind === 'column' && edges.includes(expression.index) ? [place] : [],
  );
