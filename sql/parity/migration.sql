-- purpose: name the tables of migration tools that this role may not read
-- needs: CONNECT
-- returns: name, importance, expected, compared (NULL: not to be read), told, remark
SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS name,
       'results' AS importance,
       true AS expected,
       NULL::pg_catalog.jsonb AS compared,
       pg_catalog.jsonb_build_object() AS told,
       'may not be read: GRANT SELECT on it to ' || pg_catalog.quote_ident(CURRENT_USER) AS remark
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND c.relpersistence <> 't'
   AND pg_catalog.lower(c.relname) IN ('alembic_version', 'django_migrations', 'flyway_schema_history',
                                       'schema_migrations', 'databasechangelog', 'goose_db_version',
                                       '_sqlx_migrations', '__diesel_schema_migrations', 'knex_migrations',
                                       'atlas_schema_revisions', '_prisma_migrations', '_yoyo_migration')
   AND NOT (pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT'))
 ORDER BY 1
