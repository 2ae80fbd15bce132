-- purpose: move a date or time by up to two years, back; dates that nobody alive has, and infinity, stay
-- needs: a key, as rehearse.ip and rehearse.op in the startup packet
-- keeps: null, equality, magnitude, validity
-- types: date, timestamp without time zone, timestamp with time zone
-- meanings: anything, birth
-- returns: masked
SELECT CASE WHEN x.d BETWEEN '1800-01-01' AND '2900-01-01' THEN (x.d - pg_catalog.make_interval(days =>
              1 + pg_catalog.mod(pg_catalog.get_byte(x.k, 0) * 256 + pg_catalog.get_byte(x.k, 1), 731)))::pg_catalog.text
            ELSE x.d::pg_catalog.text END AS masked
  FROM (SELECT %(value)s AS d, %(subject)s AS k OFFSET 0) AS x
 WHERE x.d IS NOT NULL
