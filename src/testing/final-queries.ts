import { queryShapes } from './query-shapes.ts';

/** Queries whose results leave a choice, and so differ between two right answers. */
const withChoice: ReadonlySet<string> = new Set([
  'SELECT id, a, b, s FROM t LIMIT 3',
  'SELECT id, a, b, s FROM t ORDER BY b OFFSET 3',
]);

/** Beside the shapes that SQLite is asked: what only Flink's dialect has, and its types. */
const ownShapes: readonly string[] = [
  'SELECT customer, COUNT(*), SUM(total), AVG(total), MIN(total), MAX(total) FROM orders GROUP BY customer',
  'SELECT customer, AVG(qty), AVG(DISTINCT qty), STDDEV_POP(total), VAR_SAMP(total) FROM orders GROUP BY customer',
  'SELECT note, SUM(total * qty), SUM(CAST(total AS BIGINT)), SUM(total / 3) FROM orders GROUP BY note',
  "SELECT CASE WHEN total > 500 THEN 'big' WHEN total > 0 THEN 'small' ELSE 'none' END AS size, COUNT(*) FROM orders GROUP BY CASE WHEN total > 500 THEN 'big' WHEN total > 0 THEN 'small' ELSE 'none' END",
  "SELECT id, COALESCE(note, 'none') || '-' || CAST(qty AS STRING), TRY_CAST(note AS INT), ROUND(total, 1) FROM orders",
  'SELECT c.name, o.n, o.total FROM customers AS c JOIN (SELECT customer, COUNT(*) AS n, SUM(total) AS total FROM orders GROUP BY customer) AS o ON o.customer = c.id',
  'SELECT c.id, c.country, o.id, o.total FROM customers AS c LEFT JOIN orders AS o ON o.customer = c.id AND o.total > 100',
  'SELECT o.id, c.name FROM orders AS o FULL JOIN customers AS c ON o.customer = c.id',
  'SELECT country, SUM(total) FROM orders JOIN customers ON orders.customer = customers.id GROUP BY country',
  'SELECT country, note, COUNT(*), SUM(total) FROM orders JOIN customers ON customer = customers.id GROUP BY GROUPING SETS ((country, note), (country), ())',
  'SELECT customer, note, COUNT(*) FROM orders GROUP BY CUBE (customer, note)',
  'SELECT id, customer, total FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY customer ORDER BY total DESC, id) AS n FROM orders) WHERE n <= 2',
  'SELECT id, total FROM orders ORDER BY total DESC, id LIMIT 5',
  'SELECT name FROM customers WHERE id IN (SELECT customer FROM orders WHERE total > 800)',
  'SELECT name FROM customers AS c WHERE NOT EXISTS (SELECT 1 FROM orders AS o WHERE o.customer = c.id AND o.qty = 3)',
  'SELECT id, total FROM orders WHERE total > (SELECT AVG(total) FROM orders)',
  'SELECT customer, COUNT(DISTINCT note), COUNT(DISTINCT qty) FILTER (WHERE total > 0) FROM orders GROUP BY customer HAVING COUNT(*) > 1',
  'SELECT DISTINCT customer, note FROM orders WHERE note IS NOT NULL',
  'SELECT customer FROM orders EXCEPT SELECT id FROM customers',
  'SELECT customer FROM orders INTERSECT ALL SELECT id FROM customers',
  "SELECT o.id, part FROM orders AS o CROSS JOIN UNNEST(SPLIT(note, ',')) AS p (part)",
  "SELECT window_start, window_end, COUNT(*), SUM(price) FROM TABLE(TUMBLE(TABLE bids, DESCRIPTOR(ts), INTERVAL '1' MINUTE)) GROUP BY window_start, window_end",
  "SELECT window_start, auction, MAX(price) FROM TABLE(HOP(TABLE bids, DESCRIPTOR(ts), INTERVAL '20' SECOND, INTERVAL '1' MINUTE)) GROUP BY window_start, window_end, auction",
  "SELECT window_start, window_end, COUNT(*) FROM TABLE(CUMULATE(TABLE bids, DESCRIPTOR(ts), INTERVAL '30' SECOND, INTERVAL '2' MINUTE)) GROUP BY window_start, window_end",
  "SELECT window_start, window_end, auction, COUNT(*) FROM TABLE(SESSION(TABLE bids PARTITION BY auction, DESCRIPTOR(ts), INTERVAL '20' SECOND)) GROUP BY window_start, window_end, auction",
  "SELECT TUMBLE_START(ts, INTERVAL '1' MINUTE), auction, COUNT(*) FROM bids GROUP BY TUMBLE(ts, INTERVAL '1' MINUTE), auction",
  "SELECT auction, price, window_start FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY window_start, window_end ORDER BY price DESC, id) AS n FROM TABLE(TUMBLE(TABLE bids, DESCRIPTOR(ts), INTERVAL '1' MINUTE))) WHERE n <= 2",
  "SELECT a.id, b.id FROM bids AS a JOIN bids AS b ON a.auction = b.auction AND b.ts BETWEEN a.ts + INTERVAL '1' SECOND AND a.ts + INTERVAL '30' SECOND",
  "SELECT id, SUM(price) OVER (PARTITION BY auction ORDER BY ts RANGE BETWEEN INTERVAL '30' SECOND PRECEDING AND CURRENT ROW) FROM bids",
  'SELECT id, COUNT(*) OVER (PARTITION BY auction ORDER BY ts ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) FROM bids',
  "SELECT l.window_start, l.id, r.id FROM (SELECT * FROM TABLE(TUMBLE(TABLE bids, DESCRIPTOR(ts), INTERVAL '20' SECOND))) AS l JOIN (SELECT * FROM TABLE(TUMBLE(TABLE bids, DESCRIPTOR(ts), INTERVAL '20' SECOND))) AS r ON l.auction = r.auction AND l.window_start = r.window_start AND l.window_end = r.window_end AND l.id < r.id",
];

/** Queries over the changing shop whose last results are compared with Flink's. */
export const finalQueries: readonly string[] = [
  ...queryShapes
    .map((shape) => (typeof shape === 'string' ? shape : shape[0]))
    .filter((query) => !withChoice.has(query)),
  ...ownShapes,
];
