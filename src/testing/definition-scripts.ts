/** Definitions that change under rows; each table is compared after its last statement. */
export const definitionScripts: Readonly<Record<string, readonly string[]>> = {
  'columns that come, go, move and change their names': [
    `CREATE TABLE moving (id INT PRIMARY KEY, a VARCHAR(20), b INT)`,
    `INSERT INTO moving VALUES (1, 'one', 10), (2, NULL, 20)`,
    `ALTER TABLE moving ADD COLUMN c VARCHAR(10) NOT NULL DEFAULT 'new' AFTER id, ADD COLUMN d INT`,
    `INSERT INTO moving VALUES (3, 'c3', 'three', 30, 3)`,
    `ALTER TABLE moving CHANGE a renamed VARCHAR(40), DROP COLUMN b`,
    `UPDATE moving SET renamed = CONCAT(COALESCE(renamed, ''), '!'), d = id`,
    `ALTER TABLE moving ADD COLUMN b DECIMAL(10,2) NOT NULL, ADD COLUMN e DATE NOT NULL DEFAULT '2020-02-02'`,
    `DELETE FROM moving WHERE id = 2`,
  ],
  'values that the server converts': [
    `CREATE TABLE converted (id INT PRIMARY KEY, n INT, d DECIMAL(10,4), t DATETIME(3), u BIGINT UNSIGNED, e ENUM('a','b'))`,
    `INSERT INTO converted VALUES (1, 7, '1.2350', '2023-12-31 23:59:59.500', 18446744073709551615, 'b'),
       (2, -3, '-0.0050', '2024-02-29 00:00:00.499', 5, 'a'), (3, NULL, NULL, NULL, NULL, NULL)`,
    `ALTER TABLE converted MODIFY n DECIMAL(12,2), MODIFY d DECIMAL(10,2), MODIFY t DATETIME`,
    `ALTER TABLE converted MODIFY e ENUM('b','c','a'), MODIFY u DECIMAL(30,0)`,
    `INSERT INTO converted VALUES (4, 1, 1, '2024-01-01', 1, 'c')`,
  ],
  'a primary key that changes': [
    `CREATE TABLE keyed (a INT NOT NULL, b INT NOT NULL, c VARCHAR(10), PRIMARY KEY (a))`,
    `INSERT INTO keyed VALUES (1, 10, 'x'), (2, 20, 'y')`,
    `ALTER TABLE keyed DROP PRIMARY KEY, ADD PRIMARY KEY (a, b)`,
    `INSERT INTO keyed VALUES (1, 11, 'z')`,
    `UPDATE keyed SET c = 'changed' WHERE a = 1 AND b = 10`,
    `DELETE FROM keyed WHERE a = 2`,
  ],
  'a table without a key': [
    `CREATE TABLE keyless (a INT, b VARCHAR(10))`,
    `INSERT INTO keyless VALUES (1, 'x'), (1, 'x'), (1, 'x'), (NULL, NULL)`,
    `DELETE FROM keyless WHERE a = 1 LIMIT 1`,
    `ALTER TABLE keyless ADD COLUMN c INT DEFAULT 5`,
    `UPDATE keyless SET b = 'y' LIMIT 1`,
  ],
  'names that swap, as after an online change': [
    `CREATE TABLE swapped (id INT PRIMARY KEY, a INT)`,
    `INSERT INTO swapped VALUES (1, 1)`,
    `CREATE TABLE _swapped_new (id INT PRIMARY KEY, a INT, b INT DEFAULT 9)`,
    `INSERT INTO _swapped_new (id, a) SELECT id, a FROM swapped`,
    `RENAME TABLE swapped TO _swapped_old, _swapped_new TO swapped`,
    `INSERT INTO swapped VALUES (2, 2, 2)`,
    `DROP TABLE _swapped_old`,
  ],
  'a table that is truncated, dropped and made again': [
    `CREATE TABLE again (id INT PRIMARY KEY, a INT)`,
    `INSERT INTO again VALUES (1, 1), (2, 2)`,
    `TRUNCATE TABLE again`,
    `INSERT INTO again VALUES (3, 3)`,
    `DROP TABLE again`,
    `CREATE TABLE again (id BIGINT PRIMARY KEY, b VARCHAR(5))`,
    `INSERT INTO again VALUES (9, 'nine')`,
  ],
};

/** The tables that are there at the end. */
export const changingTables = ['moving', 'converted', 'keyed', 'keyless', 'swapped', 'again'];
