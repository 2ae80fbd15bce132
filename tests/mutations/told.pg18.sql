ALTER TABLE shop.orders ADD CONSTRAINT note_set NOT NULL note
ALTER TABLE shop.orders ADD CONSTRAINT note_set NOT NULL note NOT VALID
ALTER TABLE shop.orders ADD CONSTRAINT orders_note_not_null NOT NULL note NO INHERIT
ALTER TABLE shop.orders RENAME CONSTRAINT orders_customer_id_not_null TO there
ALTER TABLE shop.base ADD CONSTRAINT a_set NOT NULL a; ALTER TABLE shop.child ALTER COLUMN a SET NOT NULL
ALTER TABLE shop.customers ADD CONSTRAINT lately CHECK (born < '2100-01-01') NOT ENFORCED
ALTER TABLE shop.orders ALTER CONSTRAINT orders_customer_id_fkey NOT ENFORCED
ALTER TABLE shop.base ADD CONSTRAINT b_ref FOREIGN KEY (a) REFERENCES shop.orders (id) NOT ENFORCED
ALTER TABLE shop.orders ADD COLUMN shown text GENERATED ALWAYS AS (upper(note)) VIRTUAL
ALTER TABLE shop.orders ADD COLUMN shown text GENERATED ALWAYS AS (upper(note)) STORED
ALTER TABLE shop.customers ALTER COLUMN slug SET EXPRESSION AS (upper(name::text))
CREATE TABLE shop.stays (room int4range, during daterange, PRIMARY KEY (room, during WITHOUT OVERLAPS))
CREATE TABLE shop.stays (room int4range, during daterange, UNIQUE (room, during WITHOUT OVERLAPS)); CREATE TABLE shop.guests (room int4range, during daterange, FOREIGN KEY (room, PERIOD during) REFERENCES shop.stays (room, PERIOD during))
ALTER PUBLICATION news SET (publish_generated_columns = stored)
GRANT MAINTAIN ON shop.cache TO PUBLIC
ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT MAINTAIN ON TABLES TO PUBLIC
ALTER DEFAULT PRIVILEGES GRANT SELECT ON LARGE OBJECTS TO PUBLIC
CREATE COLLATION shop.points (provider = builtin, locale = 'C.UTF-8')
CREATE COLLATION shop.points (provider = builtin, locale = 'PG_UNICODE_FAST')
CREATE EVENT TRIGGER greeting ON login EXECUTE FUNCTION shop.on_ddl()
ALTER TABLE shop.events SET ACCESS METHOD heaps
ALTER TABLE shop.customers ALTER COLUMN name SET STATISTICS DEFAULT
CREATE TABLE shop.numbered (id integer GENERATED ALWAYS AS IDENTITY, at date) PARTITION BY RANGE (at)
