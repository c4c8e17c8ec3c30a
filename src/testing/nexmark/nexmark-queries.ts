/** The tables of the Nexmark benchmark: one log of events, and what it holds of each kind. */
export const nexmarkTables = `
CREATE TABLE datagen (
  event_type INT,
  person ROW<id BIGINT, name VARCHAR, emailAddress VARCHAR, creditCard VARCHAR, city VARCHAR, state VARCHAR,
    \`dateTime\` TIMESTAMP(3), extra VARCHAR>,
  auction ROW<id BIGINT, itemName VARCHAR, description VARCHAR, initialBid BIGINT, reserve BIGINT,
    \`dateTime\` TIMESTAMP(3), expires TIMESTAMP(3), seller BIGINT, category BIGINT, extra VARCHAR>,
  bid ROW<auction BIGINT, bidder BIGINT, price BIGINT, channel VARCHAR, url VARCHAR,
    \`dateTime\` TIMESTAMP(3), extra VARCHAR>,
  \`dateTime\` AS CASE WHEN event_type = 0 THEN person.\`dateTime\` WHEN event_type = 1 THEN auction.\`dateTime\`
    ELSE bid.\`dateTime\` END,
  WATERMARK FOR \`dateTime\` AS \`dateTime\` - INTERVAL '4' SECOND
) WITH ('connector' = 'events');

CREATE TABLE side_input (key BIGINT, \`value\` VARCHAR) WITH ('connector' = 'lookup');

CREATE VIEW person AS SELECT person.id, person.name, person.emailAddress, person.creditCard, person.city,
  person.state, \`dateTime\`, person.extra FROM datagen WHERE event_type = 0;

CREATE VIEW auction AS SELECT auction.id, auction.itemName, auction.description, auction.initialBid, auction.reserve,
  \`dateTime\`, auction.expires, auction.seller, auction.category, auction.extra FROM datagen WHERE event_type = 1;

CREATE VIEW bid AS SELECT bid.auction, bid.bidder, bid.price, bid.channel, bid.url, \`dateTime\`, bid.extra
  FROM datagen WHERE event_type = 2;
`;

const ranks = (count: string, over: string): string =>
  [
    `${count} AS total_${over}`,
    `${count} FILTER (WHERE price < 10000) AS rank1_${over}`,
    `${count} FILTER (WHERE price >= 10000 AND price < 1000000) AS rank2_${over}`,
    `${count} FILTER (WHERE price >= 1000000) AS rank3_${over}`,
  ].join(', ');

const bidStatistics = [
  ranks('COUNT(*)', 'bids'),
  ranks('COUNT(DISTINCT bidder)', 'bidders'),
  ranks('COUNT(DISTINCT auction)', 'auctions'),
].join(', ');

const hopping = "TABLE(HOP(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '2' SECOND, INTERVAL '10' SECOND))";
const tumbling = (table: string): string =>
  `TABLE(TUMBLE(TABLE ${table}, DESCRIPTOR(\`dateTime\`), INTERVAL '10' SECOND))`;

const auctionBids = `FROM auction AS A, bid AS B
  WHERE A.id = B.auction AND B.\`dateTime\` BETWEEN A.\`dateTime\` AND A.expires`;

const channelOf = "REGEXP_EXTRACT(url, '(&|^)channel_id=([^&]*)', 2)";

/**
 * The queries of the Nexmark benchmark as they are written for Flink; q10 writes files by partitions, and is left out. q14 counts a
 * letter with functions of SQL, where the benchmark brings a function of its own.
 */
export const nexmarkQueries = {
  q0: 'SELECT auction, bidder, price, `dateTime`, extra FROM bid',
  q1: 'SELECT auction, bidder, 0.908 * price AS price, `dateTime`, extra FROM bid',
  q2: 'SELECT auction, price FROM bid WHERE MOD(auction, 123) = 0',
  q3: `SELECT P.name, P.city, P.state, A.id FROM auction AS A INNER JOIN person AS P ON A.seller = P.id
    WHERE A.category = 10 AND (P.state = 'OR' OR P.state = 'ID' OR P.state = 'CA')`,
  q4: `SELECT Q.category, AVG(Q.final) FROM (
    SELECT MAX(B.price) AS final, A.category ${auctionBids} GROUP BY A.id, A.category) Q GROUP BY Q.category`,
  q5: `SELECT AuctionBids.auction, AuctionBids.num FROM (
      SELECT auction, COUNT(*) AS num, window_start AS starttime, window_end AS endtime
      FROM ${hopping} GROUP BY auction, window_start, window_end) AS AuctionBids
    JOIN (
      SELECT MAX(CountBids.num) AS maxn, CountBids.starttime, CountBids.endtime FROM (
        SELECT COUNT(*) AS num, window_start AS starttime, window_end AS endtime
        FROM ${hopping} GROUP BY auction, window_start, window_end) AS CountBids
      GROUP BY CountBids.starttime, CountBids.endtime) AS MaxBids
    ON AuctionBids.starttime = MaxBids.starttime AND AuctionBids.endtime = MaxBids.endtime
      AND AuctionBids.num >= MaxBids.maxn`,
  q6: `SELECT Q.seller, AVG(Q.final) OVER (PARTITION BY Q.seller ORDER BY Q.\`dateTime\` ROWS BETWEEN 10 PRECEDING AND CURRENT ROW)
    FROM (
      SELECT id, seller, price AS final, \`dateTime\` FROM (
        SELECT A.id, A.seller, B.price, B.\`dateTime\`,
          ROW_NUMBER() OVER (PARTITION BY A.id, A.seller ORDER BY B.price DESC) AS rownum ${auctionBids})
      WHERE rownum <= 1) AS Q`,
  q7: `SELECT B.auction, B.price, B.bidder, B.\`dateTime\`, B.extra FROM bid B
    JOIN (
      SELECT MAX(price) AS maxprice, window_end AS \`dateTime\` FROM ${tumbling('bid')}
      GROUP BY window_start, window_end) B1
    ON B.price = B1.maxprice
    WHERE B.\`dateTime\` BETWEEN B1.\`dateTime\` - INTERVAL '10' SECOND AND B1.\`dateTime\``,
  q8: `SELECT P.id, P.name, P.starttime FROM (
      SELECT id, name, window_start AS starttime, window_end AS endtime FROM ${tumbling('person')}
      GROUP BY id, name, window_start, window_end) P
    JOIN (
      SELECT seller, window_start AS starttime, window_end AS endtime FROM ${tumbling('auction')}
      GROUP BY seller, window_start, window_end) A
    ON P.id = A.seller AND P.starttime = A.starttime AND P.endtime = A.endtime`,
  q9: `SELECT id, itemName, description, initialBid, reserve, \`dateTime\`, expires, seller, category, extra,
      auction, bidder, price, bid_dateTime, bid_extra FROM (
    SELECT A.*, B.auction, B.bidder, B.price, B.\`dateTime\` AS bid_dateTime, B.extra AS bid_extra,
      ROW_NUMBER() OVER (PARTITION BY A.id ORDER BY B.price DESC, B.\`dateTime\` ASC) AS rownum ${auctionBids})
    WHERE rownum <= 1`,
  q11: `SELECT B.bidder, COUNT(*) AS bid_count, SESSION_START(B.\`dateTime\`, INTERVAL '10' SECOND) AS starttime,
      SESSION_END(B.\`dateTime\`, INTERVAL '10' SECOND) AS endtime
    FROM bid B GROUP BY B.bidder, SESSION(B.\`dateTime\`, INTERVAL '10' SECOND)`,
  q12: `SELECT B.bidder, COUNT(*) AS bid_count, TUMBLE_START(B.p_time, INTERVAL '10' SECOND) AS starttime,
      TUMBLE_END(B.p_time, INTERVAL '10' SECOND) AS endtime
    FROM (SELECT *, PROCTIME() AS p_time FROM bid) B GROUP BY B.bidder, TUMBLE(B.p_time, INTERVAL '10' SECOND)`,
  q13: `SELECT B.auction, B.bidder, B.price, B.\`dateTime\`, S.\`value\`
    FROM (SELECT *, PROCTIME() AS p_time FROM bid) B
    JOIN side_input FOR SYSTEM_TIME AS OF B.p_time AS S ON MOD(B.auction, 10000) = S.key`,
  q14: `SELECT auction, bidder, 0.908 * price AS price,
      CASE WHEN HOUR(\`dateTime\`) >= 8 AND HOUR(\`dateTime\`) <= 18 THEN 'dayTime'
        WHEN HOUR(\`dateTime\`) <= 6 OR HOUR(\`dateTime\`) >= 20 THEN 'nightTime' ELSE 'otherTime' END AS bidTimeType,
      \`dateTime\`, extra, CHAR_LENGTH(extra) - CHAR_LENGTH(REPLACE(extra, 'c', '')) AS c_counts
    FROM bid WHERE 0.908 * price > 1000000 AND 0.908 * price < 50000000`,
  q15: `SELECT DATE_FORMAT(\`dateTime\`, 'yyyy-MM-dd') AS \`day\`, ${bidStatistics}
    FROM bid GROUP BY DATE_FORMAT(\`dateTime\`, 'yyyy-MM-dd')`,
  q16: `SELECT channel, DATE_FORMAT(\`dateTime\`, 'yyyy-MM-dd') AS \`day\`, MAX(DATE_FORMAT(\`dateTime\`, 'HH:mm')) AS \`minute\`,
      ${bidStatistics}
    FROM bid GROUP BY channel, DATE_FORMAT(\`dateTime\`, 'yyyy-MM-dd')`,
  q17: `SELECT auction, DATE_FORMAT(\`dateTime\`, 'yyyy-MM-dd') AS \`day\`, ${ranks('COUNT(*)', 'bids')},
      MIN(price) AS min_price, MAX(price) AS max_price, AVG(price) AS avg_price, SUM(price) AS sum_price
    FROM bid GROUP BY auction, DATE_FORMAT(\`dateTime\`, 'yyyy-MM-dd')`,
  q18: `SELECT auction, bidder, price, channel, url, \`dateTime\`, extra FROM (
      SELECT *, ROW_NUMBER() OVER (PARTITION BY bidder, auction ORDER BY \`dateTime\` DESC) AS rank_number FROM bid)
    WHERE rank_number <= 1`,
  q19: `SELECT * FROM (
      SELECT *, ROW_NUMBER() OVER (PARTITION BY auction ORDER BY price DESC) AS rank_number FROM bid)
    WHERE rank_number <= 10`,
  q20: `SELECT auction, bidder, price, channel, url, B.\`dateTime\`, B.extra, itemName, description, initialBid, reserve,
      A.\`dateTime\`, expires, seller, category, A.extra
    FROM bid AS B INNER JOIN auction AS A ON B.auction = A.id WHERE A.category = 10`,
  q21: `SELECT auction, bidder, price, channel,
      CASE WHEN LOWER(channel) = 'apple' THEN '0' WHEN LOWER(channel) = 'google' THEN '1'
        WHEN LOWER(channel) = 'facebook' THEN '2' WHEN LOWER(channel) = 'baidu' THEN '3' ELSE ${channelOf} END AS channel_id
    FROM bid
    WHERE ${channelOf} IS NOT NULL OR LOWER(channel) IN ('apple', 'google', 'facebook', 'baidu')`,
  q22: `SELECT auction, bidder, price, channel, SPLIT_INDEX(url, '/', 3) AS dir1, SPLIT_INDEX(url, '/', 4) AS dir2,
      SPLIT_INDEX(url, '/', 5) AS dir3 FROM bid`,
} as const;

export type NexmarkQuery = keyof typeof nexmarkQueries;
