-- Tables and views that the entries of the corpus name. Valid for MariaDB 10.11 and TiDB.
-- It is run in the default schema of the test, which is empty before.

CREATE TABLE t (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  a INT NULL,
  b VARCHAR(64) NULL,
  c DECIMAL(12,2) NULL,
  d DATETIME NULL,
  KEY idx_a (a)
);

CREATE TABLE u (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  t_id INT NULL,
  b VARCHAR(64) NULL,
  n INT NULL,
  KEY idx_t (t_id)
);

CREATE TABLE users (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  group_id INT NULL,
  name VARCHAR(100) NOT NULL,
  email VARCHAR(190) NOT NULL,
  password VARCHAR(255) NULL,
  status VARCHAR(20) NOT NULL DEFAULT 'new',
  active TINYINT(1) NOT NULL DEFAULT 1,
  age INT NULL,
  country CHAR(2) NULL,
  balance DECIMAL(12,2) NOT NULL DEFAULT 0,
  last_login DATETIME NULL,
  created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at DATETIME NULL,
  UNIQUE KEY idx_email (email),
  KEY idx_status (status, created_at)
);

CREATE TABLE orders (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  user_id BIGINT NOT NULL,
  status VARCHAR(20) NOT NULL DEFAULT 'open',
  total DECIMAL(12,2) NOT NULL DEFAULT 0,
  currency CHAR(3) NOT NULL DEFAULT 'EUR',
  note TEXT NULL,
  version INT NOT NULL DEFAULT 0,
  created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at DATETIME NULL,
  KEY idx_user (user_id, created_at)
);

CREATE TABLE order_items (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  order_id BIGINT NOT NULL,
  product_id BIGINT NOT NULL,
  quantity INT NOT NULL DEFAULT 1,
  price DECIMAL(12,2) NOT NULL DEFAULT 0,
  KEY idx_order (order_id)
);

CREATE TABLE products (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  sku VARCHAR(40) NOT NULL,
  name VARCHAR(200) NOT NULL,
  category_id INT NULL,
  price DECIMAL(12,2) NOT NULL DEFAULT 0,
  stock INT NOT NULL DEFAULT 0,
  attrs JSON NULL,
  created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
  UNIQUE KEY idx_sku (sku)
);

CREATE TABLE categories (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  parent_id INT NULL,
  name VARCHAR(100) NOT NULL
);

CREATE TABLE docs (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  title VARCHAR(200) NOT NULL,
  body LONGTEXT NULL,
  data JSON NULL,
  hash VARBINARY(32) NULL
);

CREATE TABLE sessions (
  id VARCHAR(128) NOT NULL PRIMARY KEY,
  user_id BIGINT NULL,
  payload LONGTEXT NULL,
  last_activity INT NOT NULL DEFAULT 0
);

CREATE TABLE jobs (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  queue VARCHAR(100) NOT NULL,
  payload LONGTEXT NOT NULL,
  attempts INT NOT NULL DEFAULT 0,
  reserved_at INT NULL,
  available_at INT NOT NULL DEFAULT 0,
  KEY idx_queue (queue)
);

CREATE TABLE wp_posts (
  ID BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  post_author BIGINT NOT NULL DEFAULT 0,
  post_date DATETIME NULL,
  post_title TEXT NULL,
  post_content LONGTEXT NULL,
  post_name VARCHAR(200) NOT NULL DEFAULT '',
  post_status VARCHAR(20) NOT NULL DEFAULT 'publish',
  post_type VARCHAR(20) NOT NULL DEFAULT 'post',
  comment_count BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE wp_options (
  option_id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  option_name VARCHAR(191) NOT NULL DEFAULT '',
  option_value LONGTEXT NULL,
  autoload VARCHAR(20) NOT NULL DEFAULT 'yes',
  UNIQUE KEY option_name (option_name)
);

CREATE TABLE sbtest1 (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  k INT NOT NULL DEFAULT 0,
  c CHAR(120) NOT NULL DEFAULT '',
  pad CHAR(60) NOT NULL DEFAULT '',
  KEY k_1 (k)
);

CREATE VIEW active_users AS SELECT id, name, email FROM users WHERE active = 1;
CREATE SEQUENCE seq START WITH 1 INCREMENT BY 1;

CREATE DATABASE IF NOT EXISTS app;
CREATE TABLE app.accounts (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  owner VARCHAR(64) NOT NULL,
  amount DECIMAL(12,2) NOT NULL DEFAULT 0
);
CREATE TABLE app.t (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  a INT NULL,
  b VARCHAR(64) NULL
);
CREATE TABLE app.audit_log (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  who VARCHAR(64) NOT NULL,
  what TEXT NULL,
  at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE VIEW app.rich AS SELECT id, owner FROM app.accounts WHERE amount > 1000;

INSERT INTO t (id, a, b, c, d) VALUES (1, 1, 'one', 1.5, '2024-01-01 10:00:00'), (2, 2, 'two', 2.5, NULL), (3, NULL, NULL, NULL, NULL);
INSERT INTO u (id, t_id, b, n) VALUES (1, 1, 'one', 10), (2, 1, 'uno', 20), (3, 2, 'two', 30);
INSERT INTO users (id, group_id, name, email, age, country) VALUES (1, 1, 'Ann', 'ann@example.com', 30, 'DE'), (2, 1, 'Bob', 'bob@example.com', 41, 'FR');
INSERT INTO orders (id, user_id, total) VALUES (1, 1, 12.50), (2, 2, 99.00), (3, 1, 7.00);
INSERT INTO order_items (id, order_id, product_id, quantity, price) VALUES (1, 1, 1, 2, 5.00), (2, 1, 2, 1, 2.50), (3, 2, 2, 3, 33.00);
INSERT INTO products (id, sku, name, category_id, price, stock, attrs) VALUES (1, 'A-1', 'Anvil', 1, 5.00, 10, '{"color": "red", "tags": ["a", "b"]}'), (2, 'B-1', 'Bolt', 2, 2.50, 100, NULL);
INSERT INTO categories (id, parent_id, name) VALUES (1, NULL, 'All'), (2, 1, 'Small');
INSERT INTO docs (id, title, body, data) VALUES (1, 'Hello', 'world', '{"a": {"b": 1}, "list": [1, 2, 3]}');
INSERT INTO sessions (id, user_id, payload) VALUES ('abc', 1, 'x');
INSERT INTO jobs (id, queue, payload) VALUES (1, 'default', '{}');
INSERT INTO wp_posts (ID, post_author, post_title, post_name) VALUES (1, 1, 'Hello world', 'hello-world');
INSERT INTO wp_options (option_id, option_name, option_value) VALUES (1, 'siteurl', 'http://example.com');
INSERT INTO sbtest1 (id, k, c, pad) VALUES (1, 50, 'c', 'p'), (2, 51, 'c', 'p');
INSERT INTO app.accounts (id, owner, amount) VALUES (1, 'ann', 100), (2, 'bob', 2000);
INSERT INTO app.t (id, a, b) VALUES (1, 1, 'x');
