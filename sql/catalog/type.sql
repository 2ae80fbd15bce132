-- purpose: describe every enum, composite, range and base type, and every shell of one
-- needs: CONNECT
-- returns: identity, belongs_to, physical, attributes
SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(t.typname) AS identity,
       NULL::pg_catalog.text AS belongs_to,
       t.oid::pg_catalog.text AS physical,
       pg_catalog.jsonb_build_object(
           'owner', pg_catalog.pg_get_userbyid(t.typowner),
           'form', CASE WHEN NOT t.typisdefined THEN 'shell' ELSE
               CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'c' THEN 'composite' WHEN 'r' THEN 'range' ELSE 'base' END END,
           'base', CASE WHEN t.typtype = 'b' AND t.typisdefined THEN pg_catalog.jsonb_build_object(
               'input', t.typinput::pg_catalog.oid::pg_catalog.regprocedure::pg_catalog.text,
               'output', t.typoutput::pg_catalog.oid::pg_catalog.regprocedure::pg_catalog.text,
               'receive', NULLIF(t.typreceive::pg_catalog.oid::pg_catalog.regprocedure::pg_catalog.text, '-'),
               'send', NULLIF(t.typsend::pg_catalog.oid::pg_catalog.regprocedure::pg_catalog.text, '-'),
               'modifier_input', NULLIF(t.typmodin::pg_catalog.oid::pg_catalog.regprocedure::pg_catalog.text, '-'),
               'modifier_output', NULLIF(t.typmodout::pg_catalog.oid::pg_catalog.regprocedure::pg_catalog.text, '-'),
               'analyze', NULLIF(t.typanalyze::pg_catalog.oid::pg_catalog.regprocedure::pg_catalog.text, '-'),
               'length', t.typlen, 'by_value', t.typbyval, 'alignment', t.typalign, 'storage', t.typstorage,
               'category', t.typcategory, 'preferred', t.typispreferred, 'delimiter', t.typdelim,
               'default', t.typdefault, 'collatable', t.typcollation <> 0) END,
           'labels', (SELECT pg_catalog.jsonb_agg(l.enumlabel ORDER BY l.enumsortorder)
                        FROM pg_catalog.pg_enum AS l
                       WHERE l.enumtypid = t.oid),
           'attributes', (
               SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
                          'name', a.attname,
                          'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
                          'collation', CASE WHEN a.attcollation <> b.typcollation THEN (
                              SELECT pg_catalog.quote_ident(ln.nspname) || '.' || pg_catalog.quote_ident(l.collname)
                                FROM pg_catalog.pg_collation AS l
                                JOIN pg_catalog.pg_namespace AS ln ON ln.oid = l.collnamespace
                               WHERE l.oid = a.attcollation) END) ORDER BY a.attnum)
                 FROM pg_catalog.pg_attribute AS a
                 JOIN pg_catalog.pg_type AS b ON b.oid = a.atttypid
                WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped),
           'range', (
               SELECT pg_catalog.jsonb_build_object(
                          'subtype', pg_catalog.format_type(r.rngsubtype, NULL),
                          'multirange', pg_catalog.format_type(r.rngmultitypid, NULL),
                          'operator_class', pg_catalog.quote_ident(qn.nspname)
                              || '.' || pg_catalog.quote_ident(q.opcname),
                          'collation', CASE WHEN r.rngcollation <> b.typcollation THEN (
                              SELECT pg_catalog.quote_ident(ln.nspname) || '.' || pg_catalog.quote_ident(l.collname)
                                FROM pg_catalog.pg_collation AS l
                                JOIN pg_catalog.pg_namespace AS ln ON ln.oid = l.collnamespace
                               WHERE l.oid = r.rngcollation) END,
                          'canonical', NULLIF(r.rngcanonical::pg_catalog.regprocedure::pg_catalog.text, '-'),
                          'difference', NULLIF(r.rngsubdiff::pg_catalog.regprocedure::pg_catalog.text, '-'))
                 FROM pg_catalog.pg_range AS r
                 JOIN pg_catalog.pg_type AS b ON b.oid = r.rngsubtype
                 JOIN pg_catalog.pg_opclass AS q ON q.oid = r.rngsubopc
                 JOIN pg_catalog.pg_namespace AS qn ON qn.oid = q.opcnamespace
                WHERE r.rngtypid = t.oid)
       ) AS attributes
  FROM pg_catalog.pg_type AS t
  JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
  LEFT JOIN pg_catalog.pg_class AS c ON c.oid = t.typrelid
 WHERE (t.typtype IN ('e', 'r')
        OR (t.typtype = 'c' AND c.relkind = 'c')
        OR NOT t.typisdefined
        OR (t.typtype = 'b' AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_type AS i WHERE i.typarray = t.oid)))
   AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', '_rehearse')
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS e
                    WHERE e.classid = 'pg_catalog.pg_type'::pg_catalog.regclass
                      AND e.objid = t.oid AND e.deptype = 'e')
 ORDER BY 1
