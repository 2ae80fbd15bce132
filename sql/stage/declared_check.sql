-- purpose: find a broken CHECK where it was declared: on the topmost tables that have it, or on the domain
-- needs: CONNECT to the stage
-- returns: owner, identity, name, definition, comment
WITH RECURSIVE having_it AS (
    SELECT k.oid, k.conrelid
      FROM pg_catalog.pg_constraint AS k
      JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
     WHERE k.contype = 'c'
       AND n.nspname = %(schema)s
       AND c.relname = %(table)s
       AND k.conname = %(constraint)s
    UNION
    SELECT k.oid, k.conrelid
      FROM having_it AS h
      JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = h.conrelid
      JOIN pg_catalog.pg_constraint AS k ON k.conrelid = i.inhparent
     WHERE k.contype = 'c'
       AND k.conname = %(constraint)s
), declared AS (
    SELECT k.oid, 'TABLE' AS kind, n.nspname, c.relname AS owner, k.conname
      FROM having_it AS h
      JOIN pg_catalog.pg_constraint AS k ON k.oid = h.oid
      JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
     WHERE k.coninhcount = 0
    UNION ALL
    SELECT k.oid, 'DOMAIN' AS kind, n.nspname, t.typname AS owner, k.conname
      FROM pg_catalog.pg_constraint AS k
      JOIN pg_catalog.pg_type AS t ON t.oid = k.contypid
      JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
     WHERE n.nspname = %(schema)s
       AND t.typname = %(domain)s
       AND k.conname = %(constraint)s
)
SELECT d.kind || ' ' || pg_catalog.quote_ident(d.nspname) || '.' || pg_catalog.quote_ident(d.owner) AS owner,
       pg_catalog.quote_ident(d.nspname) || '.' || pg_catalog.quote_ident(d.owner)
       || '.' || pg_catalog.quote_ident(d.conname) AS identity,
       pg_catalog.quote_ident(d.conname) AS name,
       pg_catalog.pg_get_constraintdef(d.oid) AS definition,
       pg_catalog.obj_description(d.oid, 'pg_constraint') AS comment
  FROM declared AS d
 ORDER BY 2
