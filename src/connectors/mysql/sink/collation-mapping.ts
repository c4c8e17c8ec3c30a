import type { StatementSession } from './statement-session.ts';

/** The charsets and collations that a target knows. */
export interface TargetCollations {
  /** What a text column is declared with: ` CHARACTER SET … COLLATE …`. */
  declare(charset: string, collation: string | null): string;
}

/**
 * Collations of one flavor on the other. Where there is no equal, the nearest one is taken that calls no two texts equal which
 * the source keeps apart, since rows would be merged otherwise: MariaDB's collations pad with spaces unless their name says
 * nopad, MySQL's of 9.0 of Unicode never do.
 *
 *     MySQL  utf8mb4_0900_ai_ci   ->  MariaDB  utf8mb4_uca1400_nopad_ai_ci, before 10.10 utf8mb4_unicode_520_nopad_ci
 *     MariaDB utf8mb4_uca1400_as_cs -> MySQL   utf8mb4_0900_as_cs
 *     anything else unknown        ->  the charset's _bin
 */
export const readTargetCollations = async (session: StatementSession): Promise<TargetCollations> => {
  const full =
    session.server.flavor === 'mariadb'
      ? await session
          .query('SELECT FULL_COLLATION_NAME FROM information_schema.COLLATION_CHARACTER_SET_APPLICABILITY')
          .catch(() => [])
      : [];
  const known = new Set(
    [...full, ...(await session.query('SELECT COLLATION_NAME FROM information_schema.COLLATIONS'))].map(
      ([name]) => name,
    ),
  );
  return {
    declare(charset, collation) {
      const near = collation === null ? null : nearest(charset, collation, known);
      return ` CHARACTER SET ${charset}${near === null ? '' : ` COLLATE ${near}`}`;
    },
  };
};

const nearest = (charset: string, collation: string, known: ReadonlySet<string | null | undefined>): string => {
  const wanted = collation.startsWith('utf8_') ? collation.replace('utf8_', 'utf8mb3_') : collation;
  const candidates = [
    wanted,
    wanted.replace('utf8mb3_', 'utf8_'),
    wanted.replace(/_0900_(ai_ci|as_ci|as_cs)$/, '_uca1400_nopad_$1'),
    wanted.replace(/_0900_ai_ci$/, '_unicode_520_nopad_ci'),
    wanted.replace(/_0900_bin$/, '_nopad_bin'),
    wanted.replace(/_uca1400_(?:nopad_)?(ai_ci|as_ci|as_cs)$/, '_0900_$1'),
    wanted.replace(/_nopad_(ci|bin)$/, '_$1'),
    wanted.replace(/_general_nopad_ci$/, '_general_ci'),
  ];
  return candidates.find((candidate) => known.has(candidate)) ?? `${charset}_bin`;
};
