import { defineAggregate, defineFunction, defineTableFunction } from 'millrace';

/** The digits of a card but the last four, out of sight. */
export const masked = defineFunction({
  arguments: ['STRING'],
  returns: 'STRING',
  call: (card) => (card === null ? null : card.slice(-4).padStart(card.length, '*')),
});

/** The prime factors of a number, each as often as it divides it. */
export const factors = defineTableFunction({
  arguments: ['INT'],
  returns: { factor: 'INT', place: 'INT' },
  *call(number) {
    let rest = number ?? 1;
    let place = 0;
    for (let factor = 2; rest > 1; factor += 1) {
      for (; rest % factor === 0; rest /= factor) {
        place += 1;
        yield { factor, place };
      }
    }
  },
});

/** All values multiplied with each other. Values that go are divided by, so it keeps up with rows that change. */
export const product = defineAggregate({
  arguments: ['INT'],
  returns: 'BIGINT',
  createAccumulator: () => ({ product: 1n, zeros: 0 }),
  accumulate(kept, value) {
    if (value === 0) kept.zeros += 1;
    else if (value !== null) kept.product *= BigInt(value);
  },
  retract(kept, value) {
    if (value === 0) kept.zeros -= 1;
    else if (value !== null) kept.product /= BigInt(value);
  },
  getValue: (kept) => (kept.zeros > 0 ? 0 : kept.product),
});
