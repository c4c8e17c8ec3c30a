import type { SqlRow } from '../../operators/incremental/delta.ts';
import type { SqlValue } from '../../sql/evaluate/sql-value.ts';
import { SeededRandom } from '../seeded-random.ts';

/** What happens at the auction house: people sign up, put things up for auction, and bid on them. */
export interface NexmarkEvents {
  /** 2015-07-15 00:00:00 and the time since then, in microseconds. */
  readonly dateTime: number;
  /** As the table `datagen` has it: the kind of the event (0 to 2), and the person, the auction or the bid. */
  readonly row: SqlRow;
}

/** Of 50 events one is a person, three are auctions and 46 are bids. */
const EPOCH = 50;
const AUCTIONS = 3;
const FIRST_ID = 1000;
const FIRST_CATEGORY = 10;
const CATEGORIES = 5;
/** Every hundredth person, auction and bidder is a hot one. */
const HOT = 100;
const ACTIVE_PEOPLE = 1000;
const IN_FLIGHT_AUCTIONS = 100;
/** How far ahead of what exists a bid or an auction may point. */
const LEAD = 10;
const CHANNELS = 10_000;
const BASE_MILLIS = Date.UTC(2015, 6, 15);

const states = ['AZ', 'CA', 'ID', 'OR', 'WA', 'WY'];
const cities = 'Phoenix,Los Angeles,San Francisco,Boise,Portland,Bend,Redmond,Seattle,Kent,Cheyenne'.split(',');
const firstNames = 'Peter,Paul,Luke,John,Saul,Vicky,Kate,Julie,Sarah,Deiter,Walter'.split(',');
const lastNames = 'Shultz,Abrams,Spencer,White,Bartels,Walton,Smith,Jones,Noris'.split(',');
const hotChannels = ['Google', 'Facebook', 'Baidu', 'Apple'];

/**
 * The events of the Nexmark benchmark, with the shares, the hot keys, the prices and the sizes of its generator
 * (https://github.com/nexmark/nexmark, `generator/`): the same for a seed. They come in order, `perSecond` of them in a second of
 * their own time.
 */
export function* nexmarkEvents(count: number, seed = 1, perSecond = 10_000): Generator<NexmarkEvents> {
  const random = new SeededRandom(seed);
  const millisOf = (event: number): number => BASE_MILLIS + Math.floor((event * 1000) / perSecond);
  const source = new EventSource(random, millisOf);
  for (let event = 0; event < count; event += 1) {
    const place = event % EPOCH;
    const kind = place === 0 ? 0 : place <= AUCTIONS ? 1 : 2;
    const row: SqlValue[] = [kind, null, null, null];
    row[kind + 1] = kind === 0 ? source.person(event) : kind === 1 ? source.auction(event) : source.bid(event);
    yield { dateTime: millisOf(event) * 1000, row };
  }
}

class EventSource {
  readonly #random: SeededRandom;
  readonly #millisOf: (event: number) => number;
  /** Letters at random, of which texts are pieces. */
  readonly #letters: string;
  readonly #channels: readonly (readonly [channel: string, url: string])[];
  readonly #hotUrls: readonly string[];

  constructor(random: SeededRandom, millisOf: (event: number) => number) {
    this.#random = random;
    this.#millisOf = millisOf;
    const letters = Array.from({ length: 1 << 16 }, () => String.fromCharCode(97 + random.integer(0, 25)));
    this.#letters = letters.join('');
    this.#hotUrls = hotChannels.map(() => this.#url());
    this.#channels = Array.from({ length: CHANNELS }, (_, number) => {
      const known = random.integer(0, 9) > 0 ? `&channel_id=${(number * 7919) % 1_000_003}` : '';
      return [`channel-${number}`, `${this.#url()}${known}`] as const;
    });
  }

  person(event: number): SqlRow {
    const random = this.#random;
    const name = `${random.pick(firstNames)} ${random.pick(lastNames)}`;
    const email = `${this.#text(7)}@${this.#text(5)}.com`;
    const card = Array.from({ length: 4 }, () => String(random.integer(0, 9999)).padStart(4, '0')).join(' ');
    const [city, state] = [random.pick(cities), random.pick(states)];
    const size = 16 + name.length + email.length + card.length + city.length + state.length;
    const id = lastPerson(event) + FIRST_ID;
    return [id, name, email, card, city, state, this.#millisOf(event) * 1000, this.#extra(size, 200)];
  }

  auction(event: number): SqlRow {
    const random = this.#random;
    const [name, description] = [this.#text(20), this.#text(100)];
    const initial = this.#price();
    const reserve = initial + this.#price();
    const seller = random.integer(0, 3) > 0 ? Math.floor(lastPerson(event) / HOT) * HOT : this.#somePerson(event);
    const category = FIRST_CATEGORY + random.integer(0, CATEGORIES - 1);
    const time = this.#millisOf(event);
    // As long as it takes until so many further auctions are up, on average.
    const horizon = this.#millisOf(event + (IN_FLIGHT_AUCTIONS * EPOCH) / AUCTIONS) - time;
    const expires = time + 1 + random.integer(0, Math.max(horizon * 2, 1) - 1);
    const extra = this.#extra(48 + name.length + description.length, 500);
    const id = lastAuction(event) + FIRST_ID;
    const times = [time * 1000, expires * 1000];
    return [id, name, description, initial, reserve, ...times, seller + FIRST_ID, category, extra];
  }

  bid(event: number): SqlRow {
    const random = this.#random;
    const auction = random.integer(0, 1) > 0 ? Math.floor(lastAuction(event) / HOT) * HOT : this.#someAuction(event);
    const bidder = random.integer(0, 3) > 0 ? Math.floor(lastPerson(event) / HOT) * HOT + 1 : this.#somePerson(event);
    const price = this.#price();
    const hot = random.integer(0, 3);
    const [channel, url] =
      random.integer(0, 1) > 0 ? [hotChannels[hot]!, this.#hotUrls[hot]!] : random.pick(this.#channels);
    const ids = [auction + FIRST_ID, bidder + FIRST_ID];
    return [...ids, price, channel, url, this.#millisOf(event) * 1000, this.#extra(32, 100)];
  }

  #somePerson(event: number): number {
    const people = lastPerson(event) + 1;
    const active = Math.min(people, ACTIVE_PEOPLE);
    return people - active + this.#random.integer(0, active + LEAD - 1);
  }

  #someAuction(event: number): number {
    const last = lastAuction(event);
    const first = Math.max(last - IN_FLIGHT_AUCTIONS, 0);
    return first + this.#random.integer(0, last - first + LEAD);
  }

  /** In cents, from 1 to a million dollars, small ones as often as large ones. */
  #price(): number {
    return Math.round(10 ** (this.#random.next() * 6) * 100);
  }

  #url(): string {
    return `https://www.nexmark.com/${this.#text(5)}/${this.#text(5)}/${this.#text(5)}/item.htm?query=1`;
  }

  #text(longest: number): string {
    return this.#letterText(this.#random.integer(3, longest - 1));
  }

  /** What brings a row of `size` bytes to `wanted` on average. */
  #extra(size: number, wanted: number): string {
    const missing = wanted - size;
    if (missing <= 0) return '';
    const spread = Math.round(missing * 0.2);
    return this.#letterText(missing - spread + (spread === 0 ? 0 : this.#random.integer(0, 2 * spread - 1)));
  }

  #letterText(length: number): string {
    const from = this.#random.integer(0, this.#letters.length - length);
    return this.#letters.slice(from, from + length);
  }
}

/** The number of the newest person at an event, from 0. */
const lastPerson = (event: number): number => Math.floor(event / EPOCH);

/** The number of the newest auction at an event, from 0; below 0 before there is one. */
const lastAuction = (event: number): number => {
  const [epoch, place] = [Math.floor(event / EPOCH), event % EPOCH];
  if (place === 0) return epoch * AUCTIONS - 1;
  return epoch * AUCTIONS + Math.min(place, AUCTIONS) - 1;
};
