import type { Change } from '../../core/change.ts';

/** Changes of whole groups that have not left, then those of the group under way and its savepoints. */
export class GroupedChanges {
  #changes: Change[] = [];
  /** How many of them belong to whole groups. */
  #whole = 0;
  /** Where savepoints stand in `#changes`. */
  readonly #savepoints = new Map<string, number>();

  get hasWhole(): boolean {
    return this.#whole > 0;
  }

  /** Adds to the group under way. */
  push(change: Change): void {
    this.#changes.push(change);
  }

  /** The group under way is whole. */
  commit(): void {
    this.#whole = this.#changes.length;
    this.forgetSavepoints();
  }

  /** Takes back what the group under way brought. */
  rollBack(): void {
    this.#changes.length = this.#whole;
  }

  savepoint(name: string): void {
    this.#savepoints.set(name, this.#changes.length);
  }

  hasSavepoint(name: string): boolean {
    return this.#savepoints.has(name);
  }

  /** Takes back what came since the savepoint. */
  rollBackTo(name: string): void {
    this.#changes.length = this.#savepoints.get(name)!;
  }

  forgetSavepoints(): void {
    if (this.#savepoints.size > 0) this.#savepoints.clear();
  }

  takeWhole(): readonly Change[] {
    const all = this.#changes;
    const whole = this.#whole;
    this.#whole = 0;
    for (const [name, at] of this.#savepoints) this.#savepoints.set(name, at - whole);
    if (all.length === whole) {
      this.#changes = [];
      return all;
    }
    this.#changes = all.slice(whole);
    return all.slice(0, whole);
  }

  /** What the group under way has brought so far. */
  takeOpen(): readonly Change[] {
    return this.#changes.splice(this.#whole);
  }
}
