import { defineProcess } from 'millrace';

/** What a customer service would answer. Here it takes a moment and knows by heart. */
const countryOf = async (orderId: number): Promise<string> => {
  await new Promise((resolve) => setTimeout(resolve, 5));
  return orderId % 2 === 0 ? 'AT' : 'DE';
};

export default defineProcess({
  columns: { country: 'varchar(2)', cents: 'bigint' },
  filter: ({ total }) => total !== '0.00',
  map: (row) => ({ ...row, cents: Math.round(Number(row['total']) * 100) }),
  lookup: async ({ id }) => ({ country: await countryOf(Number(id)) }),
});
