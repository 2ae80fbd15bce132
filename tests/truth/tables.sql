-- The common tables of the cases. Production's are 100,000 times as large, countries apart; ROWS is put in.
CREATE TYPE colour AS ENUM ('red', 'green', 'blue');
CREATE DOMAIN plain AS int;
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE SEQUENCE numbers;
CREATE FUNCTION fixed() RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN 7; END';
CREATE FUNCTION steady() RETURNS int STABLE LANGUAGE plpgsql AS 'BEGIN RETURN 7; END';
CREATE FUNCTION dice() RETURNS int VOLATILE LANGUAGE plpgsql AS 'BEGIN RETURN 7; END';
CREATE FUNCTION inlined() RETURNS int VOLATILE LANGUAGE sql AS 'SELECT 7';

CREATE TABLE parents (id int PRIMARY KEY, name text, code varchar(20) CONSTRAINT parents_code UNIQUE);
INSERT INTO parents SELECT g, 'p' || g, 'c' || g FROM generate_series(1, ROWS / 10) AS g;

CREATE TABLE items (
  id int PRIMARY KEY, parent_id int, size int, code varchar(20), note text, price numeric(10, 2), seen timestamp,
  seen_tz timestamptz, hue colour, level plain, body json, gap int, word char(10), bits varbit(8), span interval(3),
  at time(3), net cidr, flag boolean, stamp timestamp(3), digits text, amount bigint
);
INSERT INTO items
SELECT g, 1 + g % (ROWS / 10), g, 'c' || g, 'n' || g, 9.99, '2026-01-01 12:00', '2026-01-01 12:00', 'red', g, '{}',
       CASE WHEN g % 10 > 0 THEN g END, 'w', '101', '1 day', '12:00', '10.0.0.0/8', true, '2026-01-01', g::text,
       g + 3000000000
  FROM generate_series(1, ROWS) AS g;
CREATE INDEX items_code ON items (code);
CREATE UNIQUE INDEX items_size ON items (size);
CREATE INDEX items_parent ON items (parent_id);
CREATE INDEX items_lower ON items (lower(note));
CREATE VIEW item_codes AS SELECT id, code FROM items;

CREATE TABLE labels (
  id int PRIMARY KEY, name varchar(20), kind varchar(20), state varchar(20),
  tested varchar(20) CONSTRAINT labels_tested CHECK (length(tested) > 0), free varchar(20), whole text
);
INSERT INTO labels SELECT g, 'N' || g, 'k' || g, 's' || g, 't', 'f', 'w' || g FROM generate_series(1, ROWS) AS g;
CREATE INDEX labels_lower ON labels (lower(name));
CREATE INDEX labels_kind ON labels (id) WHERE kind <> 'none';
CREATE INDEX labels_state ON labels (state);
CREATE INDEX labels_whole ON labels (whole);

CREATE TABLE children (id int PRIMARY KEY, item_id int CONSTRAINT children_item REFERENCES items ON DELETE CASCADE);
INSERT INTO children SELECT g, g FROM generate_series(1, ROWS / 2) AS g;
CREATE INDEX children_items ON children (item_id);

CREATE TABLE cousins (id int PRIMARY KEY, code varchar(20) CONSTRAINT cousins_code REFERENCES parents (code));
INSERT INTO cousins SELECT g, 'c' || 1 + g % (ROWS / 10) FROM generate_series(1, ROWS / 2) AS g;
CREATE INDEX cousins_codes ON cousins (code);

CREATE TABLE proven (
  id int NOT NULL, v int CONSTRAINT v_there CHECK (v IS NOT NULL),
  twofold int CONSTRAINT twofold_there CHECK (twofold IS NOT NULL AND twofold > 0), above int CONSTRAINT above_zero CHECK (above > 0),
  w int, parent_id int
);
INSERT INTO proven SELECT g, g, g, g, g, 1 + g % (ROWS / 10) FROM generate_series(1, ROWS / 2) AS g;
ALTER TABLE proven ADD CONSTRAINT w_positive CHECK (w > 0) NOT VALID;
ALTER TABLE proven ADD CONSTRAINT proven_parent FOREIGN KEY (parent_id) REFERENCES parents NOT VALID;
CREATE UNIQUE INDEX proven_id ON proven (id);
CREATE UNIQUE INDEX proven_above ON proven (above);
CREATE INDEX proven_parents ON proven (parent_id);

CREATE TABLE loose (id int, tag text);
INSERT INTO loose SELECT g, 'x' FROM generate_series(1, ROWS / 10) AS g;
CREATE MATERIALIZED VIEW summary AS SELECT id FROM loose;
CREATE UNIQUE INDEX summary_id ON summary (id);

CREATE TABLE dirty (id int, twice int, hole int, orphan int, word text, below int, big bigint, number text);
INSERT INTO dirty
SELECT g, g / 2, CASE WHEN g % 10 > 0 THEN g END, g + 1000000000, repeat('x', g % 50), g - 100, g + 3000000000, 'n' || g
  FROM generate_series(1, ROWS / 10) AS g;

CREATE TABLE measures (id int, at int) PARTITION BY RANGE (at);
CREATE TABLE measures_1 PARTITION OF measures FOR VALUES FROM (0) TO (100);
INSERT INTO measures SELECT g, g % 100 FROM generate_series(1, ROWS / 10) AS g;
CREATE INDEX measures_at ON measures (at);
CREATE TABLE measures_2 (id int, at int);
INSERT INTO measures_2 SELECT g, 150 FROM generate_series(1, ROWS / 10) AS g;
CREATE INDEX measures_2_at ON measures_2 (at);
CREATE TABLE measures_3 (id int, at int NOT NULL CONSTRAINT bound CHECK (at >= 200 AND at < 300));
INSERT INTO measures_3 SELECT g, 250 FROM generate_series(1, ROWS / 10) AS g;
CREATE INDEX measures_3_at ON measures_3 (at);

CREATE TABLE events (id int, at int) PARTITION BY LIST (at);
CREATE TABLE events_1 PARTITION OF events FOR VALUES IN (1);
CREATE TABLE events_rest PARTITION OF events DEFAULT;
INSERT INTO events SELECT g, 1 + g % 2 FROM generate_series(1, ROWS / 10) AS g;

CREATE TABLE typed (id int PRIMARY KEY, level positive, hue colour);
INSERT INTO typed SELECT g, g, 'red' FROM generate_series(1, ROWS / 10) AS g;
CREATE TABLE empties (id int PRIMARY KEY, v int);
CREATE TABLE countries (id int PRIMARY KEY, name text, code text);
INSERT INTO countries SELECT g, 'c' || g, 'k' || g FROM generate_series(1, 50) AS g;

CREATE TABLE audit (id int);
CREATE TABLE noted (id int PRIMARY KEY, v int);
INSERT INTO noted SELECT g, g FROM generate_series(1, ROWS / 10) AS g;
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO audit VALUES (new.id); RETURN new; END';
CREATE TRIGGER noting AFTER INSERT OR UPDATE ON noted FOR EACH ROW EXECUTE FUNCTION note();
