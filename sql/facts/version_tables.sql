-- purpose: find the tables in which migration tools record what has been applied
-- needs: CONNECT
-- returns: identity, tool, head_column
SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS identity,
       k.tool, k.head_column
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 CROSS JOIN LATERAL (
       SELECT 'alembic' AS tool, 'version_num' AS head_column
        WHERE (SELECT pg_catalog.array_agg(a.attname || ' ' || a.atttypid::pg_catalog.regtype::pg_catalog.text ORDER BY a.attnum)
                 FROM pg_catalog.pg_attribute AS a
                WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
            = ARRAY['version_num character varying']
       UNION ALL
       SELECT v.tool, v.head_column
         FROM (VALUES ('django_migrations', 'django', 'name'),
                      ('flyway_schema_history', 'flyway', 'version'),
                      ('schema_migrations', 'golang-migrate', 'version'),
                      ('schema_migrations', 'schema_migrations', 'version'),
                      ('databasechangelog', 'liquibase', 'id'),
                      ('databasechangeloglock', 'liquibase', NULL),
                      ('goose_db_version', 'goose', 'version_id'),
                      ('_sqlx_migrations', 'sqlx', 'version'),
                      ('__diesel_schema_migrations', 'diesel', 'version'),
                      ('knex_migrations', 'knex', 'name'),
                      ('atlas_schema_revisions', 'atlas', 'version'),
                      ('_prisma_migrations', 'prisma', 'migration_name'),
                      ('ar_internal_metadata', 'rails', NULL),
                      ('_yoyo_migration', 'yoyo', 'migration_id')) AS v (name, tool, head_column)
        WHERE v.name = pg_catalog.lower(c.relname)
          AND (v.head_column IS NULL OR EXISTS (SELECT FROM pg_catalog.pg_attribute AS a
                                                 WHERE a.attrelid = c.oid AND a.attname = v.head_column))
          AND (v.name <> 'schema_migrations'
               OR (v.tool = 'golang-migrate') = EXISTS (SELECT FROM pg_catalog.pg_attribute AS a
                                                         WHERE a.attrelid = c.oid AND a.attname = 'dirty'))) AS k
 WHERE c.relkind = 'r' AND c.relpersistence <> 't'
   AND n.nspname NOT IN ('pg_catalog', 'information_schema')
   AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
   AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
 ORDER BY 1
