import { SeededRandom } from './seeded-random.ts';

/** What a log is to hold besides rows of tables with and without a key, in several files. */
export interface RiverFeatures {
  /** ALTER, RENAME, DROP, CREATE ... SELECT, swaps of two tables. */
  readonly definitions?: boolean;
  /** Transactions of many rows. */
  readonly bulk?: boolean;
  /** XA transactions, some open for long. */
  readonly prepared?: boolean;
  /** GTIDs with tags. */
  readonly tags?: boolean;
}

/**
 * What happens to a small database, statement text by statement text, each at most one transaction that changes captured tables.
 * The same for the same seed. All tables of `river` are meant to be captured and those of `other` are not.
 */
export function* riverActions(seed: number, count: number, features: RiverFeatures): Generator<string> {
  const workload = new RiverWorkload(seed, features);
  yield* workload.opening();
  for (let i = 0; i < count; i += 1) yield* workload.next();
  yield* workload.closing();
}

/** Begins a new file. */
export const flush = 'FLUSH BINARY LOGS';

class RiverWorkload {
  readonly #random: SeededRandom;
  readonly #features: RiverFeatures;
  #nextId = 1;
  #nextLedger = 1;
  #nextXid = 1;
  #extraColumns = 0;
  readonly #prepared: string[] = [];
  #names: readonly string[] = ['items'];
  #tick = 0;

  constructor(seed: number, features: RiverFeatures) {
    this.#random = new SeededRandom(seed);
    this.#features = features;
  }

  *opening(): Generator<string> {
    yield 'CREATE DATABASE river';
    yield 'CREATE DATABASE other';
    yield 'CREATE TABLE river.items (id INT PRIMARY KEY, name VARCHAR(40), amount DECIMAL(12,4), at DATETIME(3), doc JSON, data VARBINARY(40))';
    yield 'CREATE TABLE river.pairs (a INT, b VARCHAR(10) COLLATE utf8mb4_bin, note TEXT, PRIMARY KEY (b, a))';
    yield 'CREATE TABLE river.notes (word VARCHAR(20) CHARACTER SET latin1, n BIGINT UNSIGNED)';
    yield 'CREATE TABLE river.ledger (id INT PRIMARY KEY, amount INT)';
    yield 'CREATE TABLE other.noise (id INT AUTO_INCREMENT PRIMARY KEY, word VARCHAR(20))';
    if (this.#features.bulk) yield 'CREATE TABLE river.bulk (id INT PRIMARY KEY, payload VARCHAR(200))';
  }

  next(): readonly string[] {
    this.#tick += 1;
    const random = this.#random;
    if (this.#tick % 17 === 0) return [flush];
    if (this.#features.definitions && this.#tick % 6 === 0) return this.#definition();
    if (this.#features.bulk && this.#tick % 5 === 0) return [this.#bulk()];
    if (this.#features.prepared && this.#tick % 3 === 0) return [this.#xa()];
    const action = random.pick([
      () => transaction(this.#insertItems()),
      () => transaction(this.#changeItems()),
      () => transaction(this.#deleteItem()),
      () => transaction(this.#pairs()),
      () => transaction(this.#notes()),
      () => transaction(this.#insertItems(), this.#pairs(), this.#noise(), this.#notes(), this.#changeItems()),
      () => transaction(this.#noise()),
      () => transaction(this.#insertItems(), 'SAVEPOINT here', this.#changeItems(), 'ROLLBACK TO here', this.#notes()),
      () => (random.chance(0.3) ? 'TRUNCATE TABLE river.notes' : transaction(this.#notes())),
    ])();
    if (!this.#features.tags || random.chance(0.6)) return [action];
    return [`SET gtid_next = 'AUTOMATIC:tag_${random.integer(1, 2)}'; ${action}; SET gtid_next = 'AUTOMATIC'`];
  }

  *closing(): Generator<string> {
    for (const xid of this.#prepared) yield `XA COMMIT ${xid}`;
    yield transaction(this.#insertItems());
  }

  #insertItems(): string {
    const random = this.#random;
    const rows = Array.from({ length: random.integer(1, 5) }, () => {
      const id = this.#nextId++;
      const doc = random.chance(0.7) ? `'{"n": ${random.integer(0, 999)}, "tags": ["é", "${id}"]}'` : 'NULL';
      const data = random.chance(0.5) ? `x'00ff${id.toString(16).padStart(4, '0')}'` : 'NULL';
      return `(${id}, 'item ${id} ☃', ${random.integer(-99_999, 99_999)}.${random.integer(0, 9999)}, '2026-01-01 00:00:${String(random.integer(0, 59)).padStart(2, '0')}.${random.integer(100, 999)}', ${doc}, ${data})`;
    });
    return `INSERT INTO river.items (id, name, amount, at, doc, data) VALUES ${rows.join(', ')}`;
  }

  #changeItems(): string {
    const random = this.#random;
    const id = random.integer(1, this.#nextId);
    return random.pick([
      `UPDATE river.items SET amount = amount + 1 WHERE id BETWEEN ${id} AND ${id + 4}`,
      `UPDATE river.items SET name = CONCAT('n', ${id}), doc = JSON_SET(doc, '$.n', ${id}) WHERE id >= ${id} LIMIT 3`,
      // The key changes.
      `UPDATE river.items SET id = -id WHERE id = ${id}`,
    ]);
  }

  #deleteItem(): string {
    return `DELETE FROM river.items WHERE id BETWEEN ${this.#random.integer(1, this.#nextId)} AND ${this.#nextId} LIMIT 2`;
  }

  #pairs(): string {
    const random = this.#random;
    const [a, b] = [random.integer(1, 4), random.pick(['a', 'A', 'é', 'b '])];
    return random.pick([
      `INSERT INTO river.pairs VALUES (${a}, '${b}', 'new') ON DUPLICATE KEY UPDATE note = CONCAT(note, '+')`,
      `REPLACE INTO river.pairs VALUES (${a}, '${b}', 'replaced')`,
      `DELETE FROM river.pairs WHERE b = '${b}'`,
    ]);
  }

  #notes(): string {
    const random = this.#random;
    const word = random.pick(['one', 'two', 'zwölf']);
    return random.pick([
      `INSERT INTO river.notes VALUES ('${word}', 1), ('${word}', 1), ('${word}', 18446744073709551615)`,
      `DELETE FROM river.notes WHERE word = '${word}' LIMIT 1`,
      `UPDATE river.notes SET n = 2 WHERE word = '${word}' LIMIT 2`,
    ]);
  }

  #noise(): string {
    return "INSERT INTO other.noise (word) VALUES ('x'), ('y')";
  }

  #bulk(): string {
    const random = this.#random;
    const from = random.integer(0, 3) * 100;
    const rows = Array.from(
      { length: random.integer(20, 150) },
      (_, i) => `(${from + i}, REPEAT('${random.pick(['ab', 'é', 'z'])}', ${random.integer(1, 60)}))`,
    );
    return random.pick([
      transaction(`REPLACE INTO river.bulk VALUES ${rows.join(', ')}`),
      transaction(`UPDATE river.bulk SET payload = CONCAT(id, '-', LEFT(payload, 90)) WHERE id > ${from}`),
      transaction(`DELETE FROM river.bulk WHERE id > ${from} LIMIT 60`, this.#insertItems()),
    ]);
  }

  /** A transaction that is prepared now and decided later, or the decision. */
  #xa(): string {
    const random = this.#random;
    const open = this.#prepared;
    if (open.length === 3 || (open.length > 0 && random.chance(0.4))) {
      const [xid] = open.splice(random.integer(0, open.length - 1), 1);
      return `XA ${random.pick(['COMMIT', 'COMMIT', 'ROLLBACK'])} ${xid}`;
    }
    const xid = `'x${this.#nextXid++}'`;
    const rows = Array.from(
      { length: random.integer(1, 30) },
      () => `(${this.#nextLedger++}, ${random.integer(0, 9)})`,
    );
    const work = `XA START ${xid}; INSERT INTO river.ledger VALUES ${rows.join(', ')}; XA END ${xid}`;
    if (random.chance(0.2)) return `${work}; XA COMMIT ${xid} ONE PHASE`;
    open.push(xid);
    return `${work}; XA PREPARE ${xid}`;
  }

  #definition(): readonly string[] {
    const random = this.#random;
    const extra = `extra${this.#extraColumns}`;
    return random.pick([
      () => {
        this.#extraColumns += 1;
        return [`ALTER TABLE river.items ADD COLUMN extra${this.#extraColumns} INT NOT NULL DEFAULT 7`];
      },
      () => (this.#extraColumns === 0 ? this.#swap() : [`UPDATE river.items SET ${extra} = ${random.integer(8, 99)}`]),
      () => {
        if (this.#extraColumns === 0) return this.#swap();
        this.#extraColumns -= 1;
        return [`ALTER TABLE river.items DROP COLUMN ${extra}`];
      },
      () => this.#swap(),
      () => [this.#side()],
      () => ['ALTER TABLE river.pairs MODIFY note MEDIUMTEXT'],
    ])();
  }

  /** As an online schema change ends: another table takes the name. */
  #swap(): readonly string[] {
    return [
      'DROP TABLE IF EXISTS river.items_old',
      'CREATE TABLE river.items_new LIKE river.items',
      'INSERT INTO river.items_new SELECT * FROM river.items WHERE id % 2 = 0',
      'RENAME TABLE river.items TO river.items_old, river.items_new TO river.items',
    ];
  }

  #side(): string {
    if (this.#names.length > 1) {
      this.#names = ['items'];
      return 'DROP TABLE river.side';
    }
    this.#names = ['items', 'side'];
    return 'CREATE TABLE river.side (PRIMARY KEY (id)) SELECT id, name FROM river.items WHERE id > 0';
  }
}

const transaction = (...statements: readonly string[]): string => ['BEGIN', ...statements, 'COMMIT'].join('; ');
