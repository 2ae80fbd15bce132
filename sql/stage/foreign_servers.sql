-- purpose: list foreign servers with the names of their options
-- needs: CONNECT to the stage
-- returns: server, identity, wrapper, options
SELECT s.srvname::pg_catalog.text AS server,
       pg_catalog.quote_ident(s.srvname) AS identity,
       w.fdwname::pg_catalog.text AS wrapper,
       ARRAY(SELECT o.option_name FROM pg_catalog.pg_options_to_table(s.srvoptions) AS o ORDER BY 1) AS options
  FROM pg_catalog.pg_foreign_server AS s
  JOIN pg_catalog.pg_foreign_data_wrapper AS w ON w.oid = s.srvfdw
 ORDER BY 1
