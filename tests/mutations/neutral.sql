ANALYZE
INSERT INTO shop.cache VALUES ('a', '1')
SELECT pg_catalog.nextval('shop.numbers')
REINDEX TABLE shop.orders
REFRESH MATERIALIZED VIEW shop.totals
CREATE TABLE shop.more (id integer); DROP TABLE shop.more
ALTER TABLE shop.orders ADD COLUMN more text; ALTER TABLE shop.orders DROP COLUMN more
ALTER TABLE shop.orders RENAME COLUMN note TO n; ALTER TABLE shop.orders RENAME COLUMN n TO note
ALTER TABLE shop.cache SET UNLOGGED
ALTER TABLE shop.base ALTER COLUMN a SET STATISTICS -1
ALTER TABLE shop.base ALTER COLUMN a SET STORAGE PLAIN
GRANT SELECT ON shop.cache TO CURRENT_USER
GRANT SELECT ON shop.cache TO PUBLIC; REVOKE SELECT ON shop.cache FROM PUBLIC
GRANT EXECUTE ON FUNCTION shop.add(integer, integer) TO PUBLIC
COMMENT ON TABLE shop.cache IS 'x'; COMMENT ON TABLE shop.cache IS NULL
DROP INDEX shop.totals_key; CREATE UNIQUE INDEX totals_key ON shop.totals (customer_id)
ALTER VIEW shop.rich RENAME TO r; ALTER VIEW shop.r RENAME TO rich
ALTER FUNCTION shop.add(integer, integer) IMMUTABLE
CREATE TEMPORARY TABLE passing (id integer)
