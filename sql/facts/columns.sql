-- purpose: describe every column that can be copied: its type down to the base of domains, and what constrains it
-- needs: CONNECT
-- returns: relation, number, name, type, base, category, typmod, not_null, never_null, generated, drawn_from_sequence, element, element_is_enum, in_primary_key
WITH RECURSIVE base (type, base, typmod) AS (
    SELECT t.oid, t.oid, -1 FROM pg_catalog.pg_type AS t WHERE t.typtype <> 'd'
    UNION ALL
    SELECT t.oid, b.base, CASE WHEN t.typtypmod >= 0 THEN t.typtypmod ELSE b.typmod END
      FROM pg_catalog.pg_type AS t
      JOIN base AS b ON b.type = t.typbasetype
     WHERE t.typtype = 'd'
)
SELECT a.attrelid AS relation,
       a.attnum::pg_catalog.int4 AS number,
       a.attname::pg_catalog.text AS name,
       pg_catalog.format_type(a.atttypid, a.atttypmod) AS type,
       pg_catalog.format_type(b.base, NULL) AS base,
       CASE WHEN bt.typtype = 'b' AND bt.typelem <> 0 AND bt.typcategory = 'A' THEN 'array'
            WHEN bt.typtype = 'e' THEN 'enum'
            WHEN bt.typtype = 'c' THEN 'composite'
            WHEN bt.typtype IN ('r', 'm') THEN 'range'
            ELSE 'base' END AS category,
       CASE WHEN a.atttypmod >= 0 THEN a.atttypmod ELSE b.typmod END AS typmod,
       a.attnotnull OR t.typnotnull AS not_null,
       a.attnotnull AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
                                     WHERE k.conrelid = a.attrelid AND k.contype = 'n' AND NOT k.convalidated
                                       AND a.attnum = ANY (k.conkey)) AS never_null,
       a.attgenerated <> '' AS generated,
       a.attidentity <> '' OR EXISTS (SELECT FROM pg_catalog.pg_attrdef AS d
                                       WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum
                                         AND pg_catalog.pg_get_expr(d.adbin, d.adrelid) ~ '^(pg_catalog[.])?nextval[(]')
         AS drawn_from_sequence,
       CASE WHEN bt.typtype = 'b' AND bt.typelem <> 0 AND bt.typcategory = 'A'
            THEN (SELECT pg_catalog.format_type(eb.base, NULL) FROM base AS eb WHERE eb.type = bt.typelem) END AS element,
       EXISTS (SELECT FROM pg_catalog.pg_type AS et
                WHERE et.oid = bt.typelem AND et.typtype = 'e') AS element_is_enum,
       EXISTS (SELECT FROM pg_catalog.pg_index AS i
                WHERE i.indrelid = a.attrelid AND i.indisprimary
                  AND a.attnum = ANY (i.indkey::pg_catalog.int2[])) AS in_primary_key
  FROM pg_catalog.pg_attribute AS a
  JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
  JOIN base AS b ON b.type = a.atttypid
  JOIN pg_catalog.pg_type AS bt ON bt.oid = b.base
 WHERE a.attrelid = ANY (%(relations)s) AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY 1, 2
