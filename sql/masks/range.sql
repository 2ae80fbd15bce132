-- purpose: move a range, all of a domain by the same distance: so they go on excluding one another
-- needs: a key, as rehearse.ip and rehearse.op in the startup packet
-- keeps: null, equality, validity
-- types: range
-- meanings: anything
-- returns: masked
SELECT CASE WHEN pg_catalog.isempty(x.r) THEN 'empty'
            WHEN COALESCE(pg_catalog.lower(x.r) < %(least)s, FALSE) OR COALESCE(pg_catalog.upper(x.r) > %(most)s, FALSE)
            THEN 'empty'
            ELSE CASE WHEN pg_catalog.lower_inc(x.r) THEN '[' ELSE '(' END
                 || COALESCE(pg_catalog.quote_ident((pg_catalog.lower(x.r) - %(distance)s)::pg_catalog.text), '') || ','
                 || COALESCE(pg_catalog.quote_ident((pg_catalog.upper(x.r) - %(distance)s)::pg_catalog.text), '')
                 || CASE WHEN pg_catalog.upper_inc(x.r) THEN ']' ELSE ')' END END AS masked
  FROM (SELECT %(value)s AS r, 1 + pg_catalog.mod(pg_catalog.get_byte(%(rounds)s, 0) * 256
                 + pg_catalog.get_byte(%(rounds)s, 1), 731) AS days OFFSET 0) AS x
 WHERE x.r IS NOT NULL
