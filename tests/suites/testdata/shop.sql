CREATE TABLE customers (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(100) CHARACTER SET utf8mb4 NOT NULL, note TEXT, born DATE, UNIQUE KEY (name)) ENGINE=InnoDB;
CREATE TABLE orders (id BIGINT PRIMARY KEY AUTO_INCREMENT, customer INT NOT NULL, total DECIMAL(12,2) NOT NULL DEFAULT 0, placed TIMESTAMP(6) NOT NULL DEFAULT '2026-01-02 03:04:05.678901', kind ENUM('web','shop') DEFAULT 'web', tags SET('a','b','c'), twice DECIMAL(13,2) AS (total * 2) STORED, FOREIGN KEY (customer) REFERENCES customers (id)) ENGINE=InnoDB;
CREATE TABLE items (id INT PRIMARY KEY AUTO_INCREMENT, orders BIGINT, price DECIMAL(12,2)) ENGINE=InnoDB;
CREATE TABLE pictures (id INT PRIMARY KEY, body LONGBLOB, bits BIT(12), small VARBINARY(300)) ENGINE=InnoDB;
CREATE TABLE places (id INT PRIMARY KEY, at POINT NOT NULL, doc JSON, SPATIAL KEY (at)) ENGINE=Aria;
CREATE SEQUENCE tickets START WITH 100 INCREMENT BY 10 CACHE 0;
CREATE VIEW dear AS SELECT o.id, c.name, o.total FROM orders o JOIN customers c ON c.id = o.customer WHERE o.total > 10;
DELIMITER ;;
CREATE TRIGGER price_up AFTER INSERT ON items FOR EACH ROW BEGIN UPDATE orders SET total = total + NEW.price WHERE id = NEW.orders; END;;
CREATE FUNCTION greeting(who VARCHAR(100)) RETURNS VARCHAR(200) DETERMINISTIC RETURN CONCAT('Grüße, ', who, ';');;
CREATE PROCEDURE order_for(IN who VARCHAR(100), IN price DECIMAL(12,2)) MODIFIES SQL DATA
BEGIN
  DECLARE CONTINUE HANDLER FOR 1062 BEGIN END; -- known already
  INSERT INTO customers (name) VALUES (who);
  INSERT INTO orders (customer, tags) SELECT id, 'a,c' FROM customers WHERE name = who;
  INSERT INTO items (orders, price) VALUES (LAST_INSERT_ID(), price);
END;;
CREATE EVENT tidy ON SCHEDULE EVERY 1 YEAR STARTS '2030-01-01 00:00:00' DO BEGIN DELETE FROM orders WHERE total < 0; END;;
DELIMITER ;
CALL order_for('Ada', 12.50);
CALL order_for('Müller; DROP TABLE', 7);
CALL order_for('日本 ''quoted'' "name" \\ back', 99.99);
CALL order_for('Ada', 0.01);
INSERT INTO customers (name, note, born) SELECT CONCAT('customer ', seq), REPEAT(CHAR(65 + seq % 26), seq), '2000-01-01' + INTERVAL seq DAY FROM seq_1_to_3000;
INSERT INTO pictures SELECT seq, UNHEX(REPEAT(HEX(CHAR(seq)), 1000)), seq, UNHEX(CONCAT('00', HEX(CHAR(seq)), '0A0D1A27225C')) FROM seq_0_to_255;
INSERT INTO pictures VALUES (1000, REPEAT(UNHEX('00FF275C0A0D1A'), 900000), b'101010101010', NULL), (1001, REPEAT('x', 17000000), NULL, ''), (1002, NULL, NULL, NULL);
INSERT INTO places VALUES (1, POINT(8.5, 47.3), '{"a": [1, 2, "ü"]}'), (2, POINT(-1, 1e10), NULL);
