/** How tightly operators bind, as Calcite has them. */
export const power = {
  or: 22,
  and: 24,
  not: 26,
  is: 28,
  comparison: 30,
  membership: 32,
  sum: 40,
  product: 60,
  sign: 80,
  access: 100,
} as const;
