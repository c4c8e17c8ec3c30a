import type { RdbVisitor } from './rdb-visitor.ts';

/** Takes nothing of a file but how many keys it has: to find out whether it can be read to its end. */
export class CountingVisitor implements RdbVisitor {
  keys = 0;

  begin(): void {
    this.keys += 1;
  }

  fact(): void {}
  library(): void {}
  text(): void {}
  element(): void {}
  scored(): void {}
  field(): void {}
  entry(): void {}
  group(): void {}
  indexed(): void {}
  module(): void {}
  end(): void {}
}
