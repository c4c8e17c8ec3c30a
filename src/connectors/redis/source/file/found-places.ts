/** What Redis finds of places: a member's score is its place, 26 bits of longitude and 26 of latitude in turn, longitude first. */

export interface PlaceSearch {
  /** Longitude and latitude, in degrees; or the member whose place it is. */
  readonly from: Point | Buffer;
  /** In metres. A box counts from its middle. */
  readonly shape: { readonly radius: number } | { readonly width: number; readonly height: number };
  /** How many of the nearest, or farthest; null: all. */
  readonly count: number | null;
  readonly farthest: boolean;
}

export interface Point {
  readonly longitude: number;
  readonly latitude: number;
}

/** `FROMMEMBER m BYRADIUS 5 km ASC COUNT 3`; null: with words whose results are not followed. */
export const placeSearch = (texts: readonly Buffer[]): PlaceSearch | null => {
  let from: Point | Buffer | null = null;
  let shape: PlaceSearch['shape'] | null = null;
  let [count, farthest] = [null as number | null, false];
  for (let at = 0; at < texts.length; at += 1) {
    const word = texts[at]!.toString('latin1').toUpperCase();
    const next = (): Buffer => texts[++at]!;
    if (word === 'FROMMEMBER') from = next();
    else if (word === 'FROMLONLAT') from = { longitude: Number(next()), latitude: Number(next()) };
    else if (word === 'BYRADIUS') shape = { radius: metres(next(), next()) };
    else if (word === 'BYBOX') {
      const [width, height, unit] = [next(), next(), next()];
      shape = { width: metres(width, unit), height: metres(height, unit) };
    } else if (word === 'COUNT') count = Number(next());
    else if (word === 'STORE') at += 1;
    else if (word === 'ASC' || word === 'DESC') farthest = word === 'DESC';
    // A distance as a score has digits of the server's own mathematics; and which members come first is its own affair.
    else return null;
  }
  return from === null || shape === null ? null : { from, shape, count, farthest };
};

/** `GEORADIUS places 13 38 5 km … STORE to`, behind its key, in the words of a search. Where it goes is passed over. */
export const radiusWords = (name: string, texts: readonly Buffer[]): readonly Buffer[] => {
  const by = name === 'GEORADIUS' ? 2 : 1;
  const from = Buffer.from(by === 2 ? 'FROMLONLAT' : 'FROMMEMBER');
  return [from, ...texts.slice(0, by), Buffer.from('BYRADIUS'), ...texts.slice(by)];
};

interface Member {
  readonly name: Buffer;
  readonly score: number;
}

/**
 * The members that a search finds, whatever the version of the server. Null: that cannot be said, because one is so near to the edge that
 * rounding decides, or because it reaches to a pole or over the date line, where versions differ.
 */
export const foundPlaces = (members: readonly Member[], search: PlaceSearch): readonly Member[] | null => {
  const { from, shape, count, farthest } = search;
  const middle = Buffer.isBuffer(from) ? placeOf(members, from) : from;
  if (middle === null) return null;
  const [across, up] = 'radius' in shape ? [shape.radius, shape.radius] : [shape.width / 2, shape.height / 2];
  const reach = degrees(across / earthRadius / Math.cos(radians(middle.latitude)));
  const isPlain =
    Math.abs(middle.latitude) + degrees(up / earthRadius) <= 70 && Math.abs(middle.longitude) + reach < 180;
  if (!isPlain) return null;
  const found: { readonly member: Member; readonly distance: number }[] = [];
  for (const member of members) {
    const place = pointOf(member.score);
    const distance = distanceBetween(middle, place);
    const parts =
      'radius' in shape
        ? [[distance, across] as const]
        : [
            [distanceBetween(middle, { ...middle, latitude: place.latitude }), up] as const,
            [distanceBetween({ ...middle, latitude: place.latitude }, place), across] as const,
          ];
    if (parts.some(([length, limit]) => isNear(length, limit))) return null;
    if (parts.some(([length, limit]) => length > limit)) continue;
    // Farther out, by the meridians, some versions do not look.
    if (Math.abs(place.longitude - middle.longitude) >= reach) return null;
    found.push({ member, distance });
  }
  if (count === null || count >= found.length) return found.map(({ member }) => member);
  found.sort((a, b) => (farthest ? b.distance - a.distance : a.distance - b.distance));
  if (isNear(found[count - 1]!.distance, found[count]!.distance)) return null;
  return found.slice(0, count).map(({ member }) => member);
};

const earthRadius = 6_372_797.560856;
const [longest, highest] = [180, 85.05112878];
const unitMetres: Readonly<Record<string, number>> = { m: 1, km: 1_000, ft: 0.3048, mi: 1_609.34 };

const metres = (value: Buffer, unit: Buffer): number =>
  Number(value) * (unitMetres[unit.toString('latin1').toLowerCase()] ?? Number.NaN);

const placeOf = (members: readonly Member[], name: Buffer): Point | null => {
  const member = members.find((each) => each.name.equals(name));
  return member === undefined ? null : pointOf(member.score);
};

/** The middle of the cell that a score names. */
const pointOf = (score: number): Point => {
  let [longitude, latitude] = [0, 0];
  for (let bit = 25n, bits = BigInt(Math.trunc(score)); bit >= 0n; bit -= 1n) {
    longitude = longitude * 2 + Number((bits >> (2n * bit + 1n)) & 1n);
    latitude = latitude * 2 + Number((bits >> (2n * bit)) & 1n);
  }
  const degreesOf = (cell: number, most: number): number => ((cell + 0.5) / 2 ** 26) * 2 * most - most;
  return { longitude: degreesOf(longitude, longest), latitude: degreesOf(latitude, highest) };
};

const distanceBetween = (a: Point, b: Point): number => {
  const u = Math.sin(radians(b.latitude - a.latitude) / 2);
  const v = Math.sin(radians(b.longitude - a.longitude) / 2);
  const square = u * u + Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * v * v;
  return 2 * earthRadius * Math.asin(Math.sqrt(square));
};

/** Farther apart than rounding may bring them. */
const isNear = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-9 * Math.max(a, b) + 1e-6;

const radians = (angle: number): number => (angle * Math.PI) / 180;
const degrees = (angle: number): number => (angle * 180) / Math.PI;
