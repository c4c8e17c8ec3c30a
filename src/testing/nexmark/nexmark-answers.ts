import type { SqlRow } from '../../operators/incremental/delta.ts';
import type { SqlValue } from '../../sql/evaluate/sql-value.ts';
import type { NexmarkQuery } from './nexmark-queries.ts';

interface Person {
  readonly id: number;
  readonly name: string;
  readonly city: string;
  readonly state: string;
  readonly time: number;
}

interface Auction {
  readonly id: number;
  readonly time: number;
  readonly expires: number;
  readonly seller: number;
  readonly category: number;
  readonly row: SqlRow;
}

interface Bid {
  readonly auction: number;
  readonly bidder: number;
  readonly price: number;
  readonly channel: string;
  readonly url: string;
  readonly time: number;
  readonly extra: string;
  /** When the query sees it, in milliseconds since 1970. */
  readonly seenAt: number;
  readonly row: SqlRow;
}

/** What the queries are asked of: all events at once. */
export interface NexmarkWorld {
  readonly persons: readonly Person[];
  readonly auctions: readonly Auction[];
  readonly bids: readonly Bid[];
  /** What the side table has for a key; null: no row. */
  readonly side: (key: number) => string | null;
}

/** `seenAt`: when the event of that place is worked on. */
export const nexmarkWorld = (
  rows: readonly SqlRow[],
  seenAt: (place: number) => number,
  side: NexmarkWorld['side'],
): NexmarkWorld => {
  const persons: Person[] = [];
  const auctions: Auction[] = [];
  const bids: Bid[] = [];
  for (const [place, [kind, person, auction, bid]] of (rows as readonly (readonly unknown[])[]).entries()) {
    if (kind === 0) {
      const [id, name, , , city, state, time] = person as [number, string, string, string, string, string, number];
      persons.push({ id, name, city, state, time });
    } else if (kind === 1) {
      const row = auction as SqlRow;
      const [id, , , , , time, expires, seller, category] = row as readonly number[];
      auctions.push({ id: id!, time: time!, expires: expires!, seller: seller!, category: category!, row });
    } else {
      const row = bid as SqlRow;
      const [id, bidder, price, channel, url, time, extra] = row as [
        number,
        number,
        number,
        string,
        string,
        number,
        string,
      ];
      bids.push({ auction: id, bidder, price, channel, url, time, extra, seenAt: seenAt(place), row });
    }
  }
  return { persons, auctions, bids, side };
};

const SECOND = 1_000_000;
const tenSeconds = (time: number): number => Math.floor(time / (10 * SECOND)) * 10 * SECOND;

/** Items by what `keyOf` says of them, in the order in which they come. */
const grouped = <Item>(items: readonly Item[], keyOf: (item: Item) => SqlRow): ReadonlyMap<string, readonly Item[]> =>
  Map.groupBy(items, (item) => JSON.stringify(keyOf(item)));

const averageOf = (values: readonly number[]): number =>
  Math.trunc(values.reduce((sum, value) => sum + value, 0) / values.length);

const day = (time: number): string => new Date(time / 1000).toISOString().slice(0, 10);

/** Every bid on an auction while it was up, beside it. */
const bidsInTime = ({ auctions, bids }: NexmarkWorld): readonly (readonly [Auction, Bid])[] =>
  auctions.flatMap((auction) =>
    bids
      .filter((bid) => bid.auction === auction.id && bid.time >= auction.time && bid.time <= auction.expires)
      .map((bid) => [auction, bid] as const),
  );

/** The first by an order, then by all columns. */
const ordered = <Item>(items: readonly Item[], order: (item: Item) => readonly (number | string)[]): readonly Item[] =>
  items.toSorted((a, b) => {
    const [x, y] = [order(a), order(b)];
    const place = x.findIndex((value, index) => value !== y[index]);
    return place < 0 ? 0 : x[place]! < y[place]! ? -1 : 1;
  });

const bidOrder = (bid: Bid): readonly (number | string)[] => bid.row as readonly (number | string)[];

const winners = (world: NexmarkWorld): readonly (readonly [Auction, Bid])[] =>
  [...grouped(bidsInTime(world), ([{ id }]) => [id]).values()].map(
    (pairs) => ordered(pairs, ([, bid]) => [-bid.price, bid.time, ...bidOrder(bid)])[0]!,
  );

/** How many bids each auction has in each window of ten seconds, one beginning every two. */
const hoppingCounts = ({
  bids,
}: NexmarkWorld): readonly (readonly [start: number, auction: number, count: number])[] => {
  const placed = bids.flatMap(({ auction, time }) => {
    const last = Math.floor(time / (2 * SECOND)) * 2 * SECOND;
    return [0, 1, 2, 3, 4].map((back) => [last - back * 2 * SECOND, auction] as const);
  });
  return [...grouped(placed, (pair) => pair).values()].map((same) => [...same[0]!, same.length] as const);
};

const RANKS: readonly ((price: number) => boolean)[] = [
  () => true,
  (price) => price < 10_000,
  (price) => price >= 10_000 && price < 1_000_000,
  (price) => price >= 1_000_000,
];

const rankCounts = (bids: readonly Bid[], of: ((bid: Bid) => number) | null): readonly number[] =>
  RANKS.map((isIn) => {
    const counted = bids.filter(({ price }) => isIn(price));
    return of === null ? counted.length : new Set(counted.map(of)).size;
  });

const bidStatistics = (bids: readonly Bid[]): readonly number[] => [
  ...rankCounts(bids, null),
  ...rankCounts(bids, ({ bidder }) => bidder),
  ...rankCounts(bids, ({ auction }) => auction),
];

const channelId = (url: string): string | null => /(?:&|^)channel_id=([^&]*)/.exec(url)?.[1] ?? null;
const hotChannels = ['apple', 'google', 'facebook', 'baidu'];

const timeOfDay = (time: number): string => {
  const hour = new Date(time / 1000).getUTCHours();
  if (hour >= 8 && hour <= 18) return 'dayTime';
  return hour <= 6 || hour >= 20 ? 'nightTime' : 'otherTime';
};

/** Sessions of a bidder's bids, in the order of time. */
const sessions = (bids: readonly Bid[]): readonly (readonly Bid[])[] => {
  const found: Bid[][] = [];
  for (const bid of ordered(bids, ({ time }) => [time])) {
    const last = found.at(-1);
    if (last !== undefined && bid.time - last.at(-1)!.time <= 10 * SECOND) last.push(bid);
    else found.push([bid]);
  }
  return found;
};

/** What each query has to give, by the plainest computation of it: the rows in any order. */
export const nexmarkAnswers: Readonly<Record<NexmarkQuery, (world: NexmarkWorld) => readonly SqlRow[]>> = {
  q0: ({ bids }) => bids.map(({ auction, bidder, price, time, extra }) => [auction, bidder, price, time, extra]),
  q1: ({ bids }) => bids.map(({ auction, bidder, price, time, extra }) => [auction, bidder, price * 908, time, extra]),
  q2: ({ bids }) => bids.filter(({ auction }) => auction % 123 === 0).map(({ auction, price }) => [auction, price]),
  q3: ({ auctions, persons }) =>
    auctions
      .filter(({ category }) => category === 10)
      .flatMap(({ id, seller }) =>
        persons
          .filter((person) => person.id === seller && ['OR', 'ID', 'CA'].includes(person.state))
          .map(({ name, city, state }) => [name, city, state, id]),
      ),
  q4: (world) => {
    const finals = [...grouped(bidsInTime(world), ([{ id, category }]) => [id, category]).values()].map(
      (pairs) => [pairs[0]![0].category, Math.max(...pairs.map(([, { price }]) => price))] as const,
    );
    return [...grouped(finals, ([category]) => [category]).values()].map((same) => [
      same[0]![0],
      averageOf(same.map(([, price]) => price)),
    ]);
  },
  q5: (world) =>
    [...grouped(hoppingCounts(world), ([start]) => [start]).values()].flatMap((ofWindow) => {
      const most = Math.max(...ofWindow.map(([, , count]) => count));
      return ofWindow.filter(([, , count]) => count >= most).map(([, auction, count]) => [auction, count]);
    }),
  q6: (world) =>
    [...grouped(winners(world), ([{ seller }]) => [seller]).values()].flatMap((ofSeller) => {
      const inOrder = ordered(ofSeller, ([{ id }, { time, price }]) => [time, id, price]);
      return inOrder.map(([{ seller }], at) => [
        seller,
        averageOf(inOrder.slice(Math.max(at - 10, 0), at + 1).map(([, { price }]) => price)),
      ]);
    }),
  q7: ({ bids }) => {
    const windows = [...grouped(bids, ({ time }) => [tenSeconds(time)]).values()];
    return windows.flatMap((ofWindow) => {
      const most = Math.max(...ofWindow.map(({ price }) => price));
      const end = tenSeconds(ofWindow[0]!.time) + 10 * SECOND;
      return bids
        .filter(({ price, time }) => price === most && time >= end - 10 * SECOND && time <= end)
        .map(({ auction, price, bidder, time, extra }) => [auction, price, bidder, time, extra]);
    });
  },
  q8: ({ persons, auctions }) => {
    const sellers = new Set(auctions.map(({ seller, time }) => JSON.stringify([seller, tenSeconds(time)])));
    const found = persons.map(({ id, name, time }) => [id, name, tenSeconds(time)]);
    return found.filter(([id, , start]) => sellers.has(JSON.stringify([id, start])));
  },
  q9: (world) =>
    winners(world).map(([auction, { auction: id, bidder, price, time, extra }]): SqlRow => {
      const [own, name, description, initial, reserve, came, expires, seller, category, more] = auction.row;
      const columns = [own, name, description, initial, reserve, came, expires, seller, category, more] as SqlValue[];
      return [...columns, id, bidder, price, time, extra];
    }),
  q11: ({ bids }) =>
    [...grouped(bids, ({ bidder }) => [bidder]).values()].flatMap((ofBidder) =>
      sessions(ofBidder).map((session) => [
        session[0]!.bidder,
        session.length,
        session[0]!.time,
        session.at(-1)!.time + 10 * SECOND,
      ]),
    ),
  q12: ({ bids }) =>
    [...grouped(bids, ({ bidder, seenAt }) => [bidder, tenSeconds(seenAt * 1000)]).values()].map((same) => {
      const start = tenSeconds(same[0]!.seenAt * 1000);
      return [same[0]!.bidder, same.length, start, start + 10 * SECOND];
    }),
  q13: ({ bids, side }) =>
    bids.flatMap(({ auction, bidder, price, time }): readonly SqlRow[] => {
      const value = side(auction % 10_000);
      return value === null ? [] : [[auction, bidder, price, time, value]];
    }),
  q14: ({ bids }) =>
    bids
      .filter(({ price }) => price * 0.908 > 1_000_000 && price * 0.908 < 50_000_000)
      .map(({ auction, bidder, price, time, extra }) => [
        ...[auction, bidder, price * 908, timeOfDay(time), time, extra],
        extra.split('c').length - 1,
      ]),
  q15: ({ bids }) =>
    [...grouped(bids, ({ time }) => [day(time)]).values()].map((same) => [day(same[0]!.time), ...bidStatistics(same)]),
  q16: ({ bids }) =>
    [...grouped(bids, ({ channel, time }) => [channel, day(time)]).values()].map((same) => {
      const minutes = same.map(({ time }) => new Date(time / 1000).toISOString().slice(11, 16));
      return [same[0]!.channel, day(same[0]!.time), minutes.sort().at(-1)!, ...bidStatistics(same)];
    }),
  q17: ({ bids }) =>
    [...grouped(bids, ({ auction, time }) => [auction, day(time)]).values()].map((same) => {
      const prices = same.map(({ price }) => price);
      const sum = prices.reduce((total, price) => total + price, 0);
      const extremes = [Math.min(...prices), Math.max(...prices)];
      return [same[0]!.auction, day(same[0]!.time), ...rankCounts(same, null), ...extremes, averageOf(prices), sum];
    }),
  q18: ({ bids }) =>
    [...grouped(bids, ({ bidder, auction }) => [bidder, auction]).values()].map(
      (same) => ordered(same, (bid) => [-bid.time, ...bidOrder(bid)])[0]!.row,
    ),
  q19: ({ bids }) =>
    [...grouped(bids, ({ auction }) => [auction]).values()].flatMap((same) =>
      ordered(same, (bid) => [-bid.price, ...bidOrder(bid)])
        .slice(0, 10)
        .map(({ row }, at) => [...row, at + 1]),
    ),
  q20: ({ auctions, bids }) =>
    auctions
      .filter(({ category }) => category === 10)
      .flatMap(({ id, row }) =>
        bids.filter(({ auction }) => auction === id).map((bid) => [...bid.row, ...row.slice(1)]),
      ),
  q21: ({ bids }) =>
    bids.flatMap(({ auction, bidder, price, channel, url }): readonly SqlRow[] => {
      const hot = hotChannels.indexOf(channel.toLowerCase());
      const id = hot >= 0 ? String(hot) : channelId(url);
      return id === null ? [] : [[auction, bidder, price, channel, id]];
    }),
  q22: ({ bids }) =>
    bids.map(({ auction, bidder, price, channel, url }) => [
      ...[auction, bidder, price, channel],
      ...url.split('/').slice(3, 6),
    ]),
};
