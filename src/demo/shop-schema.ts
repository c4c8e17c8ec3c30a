/** What a server can do beyond what every MySQL and MariaDB can. */
export interface ShopFeatures {
  /** MySQL 9's VECTOR columns. */
  readonly vectors: boolean;
  /** binlog_row_value_options=PARTIAL_JSON. */
  readonly partialJson: boolean;
  /** binlog_transaction_compression. */
  readonly compression: boolean;
}

/** A shop's tables: the usual ones, with a column of nearly every type in between, and one table without a key. */
export const shopTables = (features: ShopFeatures): readonly string[] => [
  `CREATE TABLE customers (
    id BIGINT UNSIGNED PRIMARY KEY, email VARCHAR(120) NOT NULL, name VARCHAR(80) NOT NULL, native_name VARCHAR(40) CHARACTER SET gbk,
    born DATE, wakes TIME(3), flags BIT(5) NOT NULL, tier ENUM('plain','silver','gold') NOT NULL DEFAULT 'plain',
    interests SET('garden','kitchen','music','sport','travel') NOT NULL, since YEAR NOT NULL, notes TEXT, avatar VARBINARY(64),
    created TIMESTAMP(6) NOT NULL, UNIQUE KEY (email)) DEFAULT CHARSET = utf8mb4`,
  `CREATE TABLE addresses (
    customer_id BIGINT UNSIGNED NOT NULL, label VARCHAR(12) NOT NULL, street VARCHAR(80) CHARACTER SET latin1 NOT NULL,
    city VARCHAR(40) NOT NULL, place POINT NOT NULL, PRIMARY KEY (customer_id, label)) DEFAULT CHARSET = utf8mb4`,
  `CREATE TABLE categories (id SMALLINT PRIMARY KEY, title VARCHAR(40) NOT NULL, parent SMALLINT) DEFAULT CHARSET = utf8mb4`,
  `CREATE TABLE products (
    id INT UNSIGNED PRIMARY KEY, category_id SMALLINT NOT NULL, sku CHAR(12) CHARACTER SET ascii NOT NULL, title VARCHAR(80) NOT NULL,
    price DECIMAL(12,2) NOT NULL, weight_kg DOUBLE NOT NULL, rating FLOAT, attributes JSON NOT NULL, thumbnail BLOB,
    ${features.vectors ? 'embedding VECTOR(4),' : ''} changed DATETIME(6) NOT NULL) DEFAULT CHARSET = utf8mb4`,
  `CREATE TABLE inventory (
    product_id INT UNSIGNED NOT NULL, warehouse TINYINT UNSIGNED NOT NULL, on_hand MEDIUMINT NOT NULL, reserved MEDIUMINT UNSIGNED NOT NULL,
    PRIMARY KEY (product_id, warehouse))`,
  `CREATE TABLE orders (
    id BIGINT PRIMARY KEY, customer_id BIGINT UNSIGNED NOT NULL, status ENUM('new','paid','shipped','returned') NOT NULL,
    total DECIMAL(14,4) NOT NULL, placed DATETIME(3) NOT NULL, shipping JSON, KEY (customer_id)) DEFAULT CHARSET = utf8mb4`,
  `CREATE TABLE order_items (
    order_id BIGINT NOT NULL, line TINYINT NOT NULL, product_id INT UNSIGNED NOT NULL, quantity SMALLINT UNSIGNED NOT NULL,
    price DECIMAL(12,2) NOT NULL, PRIMARY KEY (order_id, line))`,
  `CREATE TABLE payments (
    id BINARY(8) PRIMARY KEY, order_id BIGINT NOT NULL, method VARCHAR(16) NOT NULL, amount DECIMAL(14,4) NOT NULL, paid_at TIMESTAMP NULL)
    DEFAULT CHARSET = utf8mb4`,
  `CREATE TABLE carts (owner VARCHAR(40) PRIMARY KEY, product_id INT UNSIGNED NOT NULL, quantity TINYINT NOT NULL) DEFAULT CHARSET = utf8mb4`,
  `CREATE TABLE reviews (
    product_id INT UNSIGNED NOT NULL, customer_id BIGINT UNSIGNED NOT NULL, stars TINYINT NOT NULL, words TEXT NOT NULL,
    PRIMARY KEY (product_id, customer_id)) DEFAULT CHARSET = utf8mb4`,
  `CREATE TABLE visits (page VARCHAR(60) NOT NULL, seconds INT NOT NULL) DEFAULT CHARSET = utf8mb4`,
];

/** What the shop's developers change while it is open, in this order. */
export const shopSchemaChanges: readonly string[] = [
  'ALTER TABLE customers ADD COLUMN loyalty_points INT NOT NULL DEFAULT 0',
  `CREATE TABLE gift_cards (code CHAR(10) CHARACTER SET ascii PRIMARY KEY, balance DECIMAL(9,2) NOT NULL, expires DATE NOT NULL)`,
  'ALTER TABLE orders ADD COLUMN channel VARCHAR(10) NULL AFTER status',
];
