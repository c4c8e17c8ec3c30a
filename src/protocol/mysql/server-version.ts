import type { Flavor } from './flavor.ts';

/** A server's version as it names itself: `9.7.4`, `8.0.36-28`, `11.8.6-MariaDB-0+deb13u1 from Debian-log`. */
export interface ServerVersion {
  readonly text: string;
  readonly flavor: Flavor;
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

/** Reads a version text; null when it does not start with one. */
export const parseServerVersion = (text: string): ServerVersion | null => {
  // MariaDB put 5.5.5- before its own version in handshakes, for replicas that knew only one-digit versions.
  const match = /^(?:5\.5\.5-(?=1\d\.))?(\d+)\.(\d+)\.(\d+)/.exec(text);
  if (match === null) return null;
  return {
    text,
    flavor: /mariadb/i.test(text) ? 'mariadb' : 'mysql',
    major: Number(match[1]),
    minor: Number(match[2]),
    patch: Number(match[3]),
  };
};

/** Whether `version` is `major.minor.patch` or later. */
export const isAtLeast = (version: ServerVersion, major: number, minor: number, patch = 0): boolean =>
  version.major !== major
    ? version.major > major
    : version.minor !== minor
      ? version.minor > minor
      : version.patch >= patch;
