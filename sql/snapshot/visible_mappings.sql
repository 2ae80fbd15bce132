-- purpose: list the user mappings whose options this role may see, which pg_dump would write down for it
-- needs: CONNECT
-- returns: mapping, options (by name)
SELECT CASE WHEN m.umuser = 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(m.usename) END
           || ' on ' || pg_catalog.quote_ident(m.srvname) AS mapping,
       (SELECT pg_catalog.string_agg(o.name, ', ' ORDER BY o.name)
          FROM (SELECT pg_catalog.split_part(u.option, '=', 1) AS name
                  FROM pg_catalog.unnest(m.umoptions) AS u (option)) AS o) AS options
  FROM pg_catalog.pg_user_mappings AS m
 WHERE m.umoptions IS NOT NULL
 ORDER BY 1
