import type { Workload } from './mysql-oracle.ts';
import type { SeededRandom } from './seeded-random.ts';

/** TPC-H's tables, its 22 queries with limits that fit few rows, and random changes of orders, their lines and what they refer to. */
export const tpch = (random: SeededRandom): Workload => {
  const pick = <Item>(...items: readonly Item[]): Item => random.pick(items);
  const money = (): string => (random.integer(100, 99_999) / 100).toFixed(2);
  const day = (): string => `199${random.integer(3, 6)}-0${random.integer(1, 9)}-1${random.integer(0, 9)}`;
  let orders = 0;
  const line = (order: number, number: number): string =>
    `(${order}, ${random.integer(1, PARTS)}, ${random.integer(1, SUPPLIERS)}, ${number}, ${random.integer(1, 50)}, ${money()}, 0.0${random.integer(0, 9)}, 0.0${random.integer(0, 8)}, '${pick('A', 'N', 'R')}', '${pick('O', 'F')}', '${day()}', '${day()}', '${day()}', '${pick('DELIVER IN PERSON', 'NONE')}', '${pick('AIR', 'MAIL', 'SHIP')}')`;
  const order = (): string => {
    orders += 1;
    const comment = pick('special requests', 'quick');
    const lines = Array.from({ length: random.integer(1, 4) }, (_, index) => line(orders, index + 1));
    return `INSERT INTO orders VALUES (${orders}, ${random.integer(1, CUSTOMERS)}, '${pick('O', 'F')}', ${money()}, '${day()}', '${pick('1-URGENT', '2-HIGH', '5-LOW')}', 0, '${comment}'); INSERT INTO lineitem VALUES ${lines.join(', ')}`;
  };
  const rows = (table: string, count: number, row: (number: number) => string): string =>
    `INSERT INTO ${table} VALUES ${Array.from({ length: count }, (_, index) => row(index + 1)).join(', ')}`;
  const setup = [
    ...schema,
    rows('region', 3, (number) => `(${number}, '${['ASIA', 'EUROPE', 'AMERICA'][number - 1]}')`),
    rows('nation', 6, (number) => `(${number}, '${NATIONS[number - 1]}', ${(number % 3) + 1})`),
    rows(
      'supplier',
      SUPPLIERS,
      (number) =>
        `(${number}, 'S${number}', 'address', ${(number % 6) + 1}, '1${number}', ${money()}, '${pick('fine', 'Customer Complaints')}')`,
    ),
    rows(
      'part',
      PARTS,
      (number) =>
        `(${number}, '${pick('forest green', 'red')}', 'M', '${pick('Brand#12', 'Brand#23')}', '${pick('PROMO BRASS', 'SMALL TIN')}', ${random.integer(1, 5)}, '${pick('SM CASE', 'MED BOX')}', ${money()})`,
    ),
    rows(
      'partsupp',
      PARTS * 2,
      (number) =>
        `(${Math.ceil(number / 2)}, ${((number * 3) % SUPPLIERS) + 1}, ${random.integer(1, 100)}, ${money()})`,
    ),
    rows(
      'customer',
      CUSTOMERS,
      (number) =>
        `(${number}, 'C${number}', 'address', ${(number % 6) + 1}, '${random.integer(10, 14)}-555', ${money()}, '${pick('BUILDING', 'AUTOMOBILE')}', 'comment')`,
    ),
    ...Array.from({ length: 25 }, order).flatMap((statements) => statements.split('; ')),
  ];
  const anyOrder = (): string => `${random.integer(Math.max(1, orders - 25), orders)}`;
  const change = (): string => {
    const roll = random.next();
    if (roll < 0.35) return order();
    if (roll < 0.5) return `DELETE FROM lineitem WHERE l_orderkey = ${anyOrder()} LIMIT 2`;
    if (roll < 0.6)
      return `DELETE FROM lineitem WHERE l_orderkey < ${orders - 30}; DELETE FROM orders WHERE o_orderkey < ${orders - 30}`;
    if (roll < 0.75)
      return `UPDATE lineitem SET l_quantity = ${random.integer(1, 50)}, l_extendedprice = ${money()}, l_shipdate = '${day()}', l_suppkey = ${random.integer(1, SUPPLIERS)} WHERE l_orderkey = ${anyOrder()}`;
    if (roll < 0.82)
      return `UPDATE orders SET o_orderdate = '${day()}', o_custkey = ${random.integer(1, CUSTOMERS)} WHERE o_orderkey = ${anyOrder()}`;
    if (roll < 0.87)
      return `UPDATE customer SET c_acctbal = ${money()}, c_nationkey = ${random.integer(1, 6)} WHERE c_custkey = ${random.integer(1, CUSTOMERS)}`;
    if (roll < 0.93)
      return `UPDATE partsupp SET ps_supplycost = ${money()}, ps_availqty = ${random.integer(1, 100)} WHERE ps_partkey = ${random.integer(1, PARTS)}`;
    return `UPDATE part SET p_size = ${random.integer(1, 5)}, p_brand = '${pick('Brand#12', 'Brand#23')}' WHERE p_partkey = ${random.integer(1, PARTS)}`;
  };
  return { setup, queries, lenient: false, change };
};

const PARTS = 12;
const SUPPLIERS = 8;
const CUSTOMERS = 15;
const NATIONS = ['GERMANY', 'FRANCE', 'BRAZIL', 'CANADA', 'CHINA', 'INDIA'];

const schema = [
  'CREATE TABLE region (r_regionkey INT PRIMARY KEY, r_name VARCHAR(25))',
  'CREATE TABLE nation (n_nationkey INT PRIMARY KEY, n_name VARCHAR(25), n_regionkey INT NOT NULL)',
  'CREATE TABLE supplier (s_suppkey INT PRIMARY KEY, s_name VARCHAR(25), s_address VARCHAR(40), s_nationkey INT, s_phone VARCHAR(15), s_acctbal DECIMAL(15, 2), s_comment VARCHAR(101))',
  'CREATE TABLE part (p_partkey INT PRIMARY KEY, p_name VARCHAR(55), p_mfgr VARCHAR(25), p_brand VARCHAR(10), p_type VARCHAR(25), p_size INT, p_container VARCHAR(10), p_retailprice DECIMAL(15, 2))',
  'CREATE TABLE partsupp (ps_partkey INT, ps_suppkey INT, ps_availqty INT, ps_supplycost DECIMAL(15, 2))',
  'CREATE TABLE customer (c_custkey INT PRIMARY KEY, c_name VARCHAR(25), c_address VARCHAR(40), c_nationkey INT, c_phone VARCHAR(15), c_acctbal DECIMAL(15, 2), c_mktsegment VARCHAR(10), c_comment VARCHAR(117))',
  'CREATE TABLE orders (o_orderkey INT PRIMARY KEY, o_custkey INT, o_orderstatus VARCHAR(1), o_totalprice DECIMAL(15, 2), o_orderdate DATE, o_orderpriority VARCHAR(15), o_shippriority INT, o_comment VARCHAR(79))',
  'CREATE TABLE lineitem (l_orderkey INT, l_partkey INT, l_suppkey INT, l_linenumber INT, l_quantity DECIMAL(15, 2), l_extendedprice DECIMAL(15, 2), l_discount DECIMAL(15, 2), l_tax DECIMAL(15, 2), l_returnflag VARCHAR(1), l_linestatus VARCHAR(1), l_shipdate DATE, l_commitdate DATE, l_receiptdate DATE, l_shipinstruct VARCHAR(25), l_shipmode VARCHAR(10))',
];

/** Q1 to Q22. */
const queries: readonly string[] = [
  "SELECT l_returnflag, l_linestatus, SUM(l_quantity), SUM(l_extendedprice), SUM(l_extendedprice * (1 - l_discount)), SUM(l_extendedprice * (1 - l_discount) * (1 + l_tax)), AVG(l_quantity), AVG(l_extendedprice), AVG(l_discount), COUNT(*) FROM lineitem WHERE l_shipdate <= DATE '1996-12-01' - INTERVAL '90' DAY GROUP BY l_returnflag, l_linestatus ORDER BY l_returnflag, l_linestatus",
  "SELECT s_acctbal, s_name, n_name, p_partkey, p_mfgr, s_address, s_phone, s_comment FROM part, supplier, partsupp, nation, region WHERE p_partkey = ps_partkey AND s_suppkey = ps_suppkey AND p_size > 2 AND p_type LIKE '%BRASS' AND s_nationkey = n_nationkey AND n_regionkey = r_regionkey AND r_name = 'EUROPE' AND ps_supplycost = (SELECT MIN(ps_supplycost) FROM partsupp, supplier, nation, region WHERE p_partkey = ps_partkey AND s_suppkey = ps_suppkey AND s_nationkey = n_nationkey AND n_regionkey = r_regionkey AND r_name = 'EUROPE') ORDER BY s_acctbal DESC, n_name, s_name, p_partkey LIMIT 100",
  "SELECT l_orderkey, SUM(l_extendedprice * (1 - l_discount)) AS revenue, o_orderdate, o_shippriority FROM customer, orders, lineitem WHERE c_mktsegment = 'BUILDING' AND c_custkey = o_custkey AND l_orderkey = o_orderkey AND o_orderdate < DATE '1995-03-15' AND l_shipdate > DATE '1994-03-15' GROUP BY l_orderkey, o_orderdate, o_shippriority ORDER BY revenue DESC, o_orderdate, l_orderkey LIMIT 10",
  "SELECT o_orderpriority, COUNT(*) AS order_count FROM orders WHERE o_orderdate >= DATE '1993-07-01' AND o_orderdate < DATE '1993-07-01' + INTERVAL '18' MONTH AND EXISTS (SELECT * FROM lineitem WHERE l_orderkey = o_orderkey AND l_commitdate < l_receiptdate) GROUP BY o_orderpriority ORDER BY o_orderpriority",
  "SELECT n_name, SUM(l_extendedprice * (1 - l_discount)) AS revenue FROM customer, orders, lineitem, supplier, nation, region WHERE c_custkey = o_custkey AND l_orderkey = o_orderkey AND l_suppkey = s_suppkey AND s_nationkey = n_nationkey AND n_regionkey = r_regionkey AND r_name = 'ASIA' AND o_orderdate >= DATE '1993-01-01' AND o_orderdate < DATE '1993-01-01' + INTERVAL '3' YEAR GROUP BY n_name ORDER BY revenue DESC",
  "SELECT SUM(l_extendedprice * l_discount) AS revenue FROM lineitem WHERE l_shipdate >= DATE '1994-01-01' AND l_shipdate < DATE '1994-01-01' + INTERVAL '1' YEAR AND l_discount BETWEEN 0.06 - 0.03 AND 0.06 + 0.03 AND l_quantity < 40",
  "SELECT supp_nation, cust_nation, l_year, SUM(volume) AS revenue FROM (SELECT n1.n_name AS supp_nation, n2.n_name AS cust_nation, EXTRACT(YEAR FROM l_shipdate) AS l_year, l_extendedprice * (1 - l_discount) AS volume FROM supplier, lineitem, orders, customer, nation n1, nation n2 WHERE s_suppkey = l_suppkey AND o_orderkey = l_orderkey AND c_custkey = o_custkey AND s_nationkey = n1.n_nationkey AND c_nationkey = n2.n_nationkey AND ((n1.n_name = 'FRANCE' AND n2.n_name = 'GERMANY') OR (n1.n_name = 'GERMANY' AND n2.n_name = 'FRANCE')) AND l_shipdate BETWEEN DATE '1993-01-01' AND DATE '1996-12-31') AS shipping GROUP BY supp_nation, cust_nation, l_year ORDER BY supp_nation, cust_nation, l_year",
  "SELECT o_year, SUM(CASE WHEN nation = 'BRAZIL' THEN volume ELSE 0 END) / SUM(volume) AS mkt_share FROM (SELECT EXTRACT(YEAR FROM o_orderdate) AS o_year, l_extendedprice * (1 - l_discount) AS volume, n2.n_name AS nation FROM part, supplier, lineitem, orders, customer, nation n1, nation n2, region WHERE p_partkey = l_partkey AND s_suppkey = l_suppkey AND l_orderkey = o_orderkey AND o_custkey = c_custkey AND c_nationkey = n1.n_nationkey AND n1.n_regionkey = r_regionkey AND r_name = 'AMERICA' AND s_nationkey = n2.n_nationkey AND o_orderdate BETWEEN DATE '1993-01-01' AND DATE '1996-12-31' AND p_type = 'PROMO BRASS') AS all_nations GROUP BY o_year ORDER BY o_year",
  "SELECT nation, o_year, SUM(amount) AS sum_profit FROM (SELECT n_name AS nation, EXTRACT(YEAR FROM o_orderdate) AS o_year, l_extendedprice * (1 - l_discount) - ps_supplycost * l_quantity AS amount FROM part, supplier, lineitem, partsupp, orders, nation WHERE s_suppkey = l_suppkey AND ps_suppkey = l_suppkey AND ps_partkey = l_partkey AND p_partkey = l_partkey AND o_orderkey = l_orderkey AND s_nationkey = n_nationkey AND p_name LIKE '%green%') AS profit GROUP BY nation, o_year ORDER BY nation, o_year DESC",
  "SELECT c_custkey, c_name, SUM(l_extendedprice * (1 - l_discount)) AS revenue, c_acctbal, n_name, c_address, c_phone, c_comment FROM customer, orders, lineitem, nation WHERE c_custkey = o_custkey AND l_orderkey = o_orderkey AND o_orderdate >= DATE '1993-10-01' AND o_orderdate < DATE '1993-10-01' + INTERVAL '3' YEAR AND l_returnflag = 'R' AND c_nationkey = n_nationkey GROUP BY c_custkey, c_name, c_acctbal, c_phone, n_name, c_address, c_comment ORDER BY revenue DESC, c_custkey LIMIT 20",
  "SELECT ps_partkey, SUM(ps_supplycost * ps_availqty) AS total FROM partsupp, supplier, nation WHERE ps_suppkey = s_suppkey AND s_nationkey = n_nationkey AND n_name = 'GERMANY' GROUP BY ps_partkey HAVING SUM(ps_supplycost * ps_availqty) > (SELECT SUM(ps_supplycost * ps_availqty) * 0.1 FROM partsupp, supplier, nation WHERE ps_suppkey = s_suppkey AND s_nationkey = n_nationkey AND n_name = 'GERMANY') ORDER BY total DESC",
  "SELECT l_shipmode, SUM(CASE WHEN o_orderpriority = '1-URGENT' OR o_orderpriority = '2-HIGH' THEN 1 ELSE 0 END) AS high_line_count, SUM(CASE WHEN o_orderpriority <> '1-URGENT' AND o_orderpriority <> '2-HIGH' THEN 1 ELSE 0 END) AS low_line_count FROM orders, lineitem WHERE o_orderkey = l_orderkey AND l_shipmode IN ('MAIL', 'SHIP') AND l_commitdate < l_receiptdate AND l_shipdate < l_commitdate AND l_receiptdate >= DATE '1993-01-01' AND l_receiptdate < DATE '1993-01-01' + INTERVAL '4' YEAR GROUP BY l_shipmode ORDER BY l_shipmode",
  "SELECT c_count, COUNT(*) AS custdist FROM (SELECT c_custkey, COUNT(o_orderkey) AS c_count FROM customer LEFT OUTER JOIN orders ON c_custkey = o_custkey AND o_comment NOT LIKE '%special%requests%' GROUP BY c_custkey) AS c_orders GROUP BY c_count ORDER BY custdist DESC, c_count DESC",
  "SELECT 100.00 * SUM(CASE WHEN p_type LIKE 'PROMO%' THEN l_extendedprice * (1 - l_discount) ELSE 0 END) / SUM(l_extendedprice * (1 - l_discount)) AS promo_revenue FROM lineitem, part WHERE l_partkey = p_partkey AND l_shipdate >= DATE '1993-09-01' AND l_shipdate < DATE '1993-09-01' + INTERVAL '2' YEAR",
  "WITH revenue AS (SELECT l_suppkey AS supplier_no, SUM(l_extendedprice * (1 - l_discount)) AS total_revenue FROM lineitem WHERE l_shipdate >= DATE '1993-01-01' AND l_shipdate < DATE '1993-01-01' + INTERVAL '3' YEAR GROUP BY l_suppkey) SELECT s_suppkey, s_name, s_address, s_phone, total_revenue FROM supplier, revenue WHERE s_suppkey = supplier_no AND total_revenue = (SELECT MAX(total_revenue) FROM revenue) ORDER BY s_suppkey",
  "SELECT p_brand, p_type, p_size, COUNT(DISTINCT ps_suppkey) AS supplier_cnt FROM partsupp, part WHERE p_partkey = ps_partkey AND p_brand <> 'Brand#12' AND p_type NOT LIKE 'MEDIUM%' AND p_size IN (1, 2, 4, 5) AND ps_suppkey NOT IN (SELECT s_suppkey FROM supplier WHERE s_comment LIKE '%Customer%Complaints%') GROUP BY p_brand, p_type, p_size ORDER BY supplier_cnt DESC, p_brand, p_type, p_size",
  "SELECT SUM(l_extendedprice) / 7.0 AS avg_yearly FROM lineitem, part WHERE p_partkey = l_partkey AND p_brand = 'Brand#23' AND p_container = 'MED BOX' AND l_quantity < (SELECT 0.8 * AVG(l_quantity) FROM lineitem WHERE l_partkey = p_partkey)",
  'SELECT c_name, c_custkey, o_orderkey, o_orderdate, o_totalprice, SUM(l_quantity) FROM customer, orders, lineitem WHERE o_orderkey IN (SELECT l_orderkey FROM lineitem GROUP BY l_orderkey HAVING SUM(l_quantity) > 60) AND c_custkey = o_custkey AND o_orderkey = l_orderkey GROUP BY c_name, c_custkey, o_orderkey, o_orderdate, o_totalprice ORDER BY o_totalprice DESC, o_orderdate, o_orderkey LIMIT 100',
  "SELECT SUM(l_extendedprice * (1 - l_discount)) AS revenue FROM lineitem, part WHERE (p_partkey = l_partkey AND p_brand = 'Brand#12' AND p_container IN ('SM CASE', 'SM BOX') AND l_quantity >= 1 AND l_quantity <= 31 AND p_size BETWEEN 1 AND 5 AND l_shipmode IN ('AIR', 'AIR REG') AND l_shipinstruct = 'DELIVER IN PERSON') OR (p_partkey = l_partkey AND p_brand = 'Brand#23' AND p_container IN ('MED BAG', 'MED BOX') AND l_quantity >= 10 AND l_quantity <= 40 AND p_size BETWEEN 1 AND 10 AND l_shipmode IN ('AIR', 'AIR REG') AND l_shipinstruct = 'DELIVER IN PERSON')",
  "SELECT s_name, s_address FROM supplier, nation WHERE s_suppkey IN (SELECT ps_suppkey FROM partsupp WHERE ps_partkey IN (SELECT p_partkey FROM part WHERE p_name LIKE 'forest%') AND ps_availqty > (SELECT 0.5 * SUM(l_quantity) FROM lineitem WHERE l_partkey = ps_partkey AND l_suppkey = ps_suppkey AND l_shipdate >= DATE '1993-01-01' AND l_shipdate < DATE '1993-01-01' + INTERVAL '3' YEAR)) AND s_nationkey = n_nationkey AND n_name <> 'CANADA' ORDER BY s_name",
  "SELECT s_name, COUNT(*) AS numwait FROM supplier, lineitem l1, orders, nation WHERE s_suppkey = l1.l_suppkey AND o_orderkey = l1.l_orderkey AND o_orderstatus = 'F' AND l1.l_receiptdate > l1.l_commitdate AND EXISTS (SELECT * FROM lineitem l2 WHERE l2.l_orderkey = l1.l_orderkey AND l2.l_suppkey <> l1.l_suppkey) AND NOT EXISTS (SELECT * FROM lineitem l3 WHERE l3.l_orderkey = l1.l_orderkey AND l3.l_suppkey <> l1.l_suppkey AND l3.l_receiptdate > l3.l_commitdate) AND s_nationkey = n_nationkey AND n_name <> 'FRANCE' GROUP BY s_name ORDER BY numwait DESC, s_name LIMIT 100",
  "SELECT cntrycode, COUNT(*) AS numcust, SUM(c_acctbal) AS totacctbal FROM (SELECT SUBSTRING(c_phone FROM 1 FOR 2) AS cntrycode, c_acctbal FROM customer WHERE SUBSTRING(c_phone FROM 1 FOR 2) IN ('10', '11', '12', '13') AND c_acctbal > (SELECT AVG(c_acctbal) FROM customer WHERE c_acctbal > 0.00 AND SUBSTRING(c_phone FROM 1 FOR 2) IN ('10', '11', '12', '13')) AND NOT EXISTS (SELECT * FROM orders WHERE o_custkey = c_custkey)) AS custsale GROUP BY cntrycode ORDER BY cntrycode",
];
