CREATE TABLE made (id INT) WITH ('connector' = 'datagen', 'rows-per-second' = '5');
CREATE TABLE kept (id INT, n BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO kept SELECT id, COUNT(*) FROM made GROUP BY id;
