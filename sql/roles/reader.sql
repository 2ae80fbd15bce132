-- purpose: make the role that snapshots are taken with: it reads, and owns or changes nothing
-- needs: CREATEROLE and ADMIN on pg_read_all_data; run once by psql, connected to the database
-- returns: nothing
-- kind: script
CREATE ROLE rehearse_reader LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION CONNECTION LIMIT 4;

-- SELECT on every table, view and sequence, USAGE on every schema (manual 21.5, Predefined Roles); no other privilege:
-- it cannot INSERT, UPDATE, DELETE, TRUNCATE, call nextval() or create anything in a schema, nor reach files or programs
GRANT pg_read_all_data TO rehearse_reader;
-- "Every table" includes the system's that are closed to others: pg_authid with its password hashes, the connection
-- strings of pg_subscription. rehearse reads neither; where the role must not be able to, grant this in its stead, as
-- the owner of each schema and its tables:
-- GRANT USAGE ON SCHEMA app TO rehearse_reader;
-- GRANT SELECT ON ALL TABLES IN SCHEMA app TO rehearse_reader;
-- GRANT SELECT ON ALL SEQUENCES IN SCHEMA app TO rehearse_reader;
-- ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO rehearse_reader;
-- ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON SEQUENCES TO rehearse_reader;

-- a second fence: sessions of this role start READ ONLY, and give up rather than stand in anybody's way
ALTER ROLE rehearse_reader SET default_transaction_read_only = on;
ALTER ROLE rehearse_reader SET lock_timeout = '2s';
ALTER ROLE rehearse_reader SET idle_in_transaction_session_timeout = '10min';

-- That fence the role can lift itself, with SET. Behind it stands what PostgreSQL grants to PUBLIC, so to every role:
--   temporary tables:            REVOKE TEMPORARY ON DATABASE ... FROM PUBLIC;
--   new, empty large objects     (before PostgreSQL 16 even in READ ONLY transactions):
--                                REVOKE EXECUTE ON FUNCTION lo_create(oid), lo_creat(integer),
--                                    lo_from_bytea(oid, bytea) FROM PUBLIC;
--   tables in schema public      in databases made before PostgreSQL 15: REVOKE CREATE ON SCHEMA public FROM PUBLIC;
--   functions, of which those with SECURITY DEFINER may write: REVOKE EXECUTE ON FUNCTION ... FROM PUBLIC;
--   advisory locks, NOTIFY and long queries, which no privilege guards.
-- rehearse uses none of it. Revoke what nobody else needs.

-- Not granted, and named in a snapshot that misses it:
--   rows of tables with row level security:  ALTER ROLE rehearse_reader BYPASSRLS;
--   settings such as shared_preload_libraries, and with them primary_conninfo, which may hold a password:
--                                            GRANT pg_read_all_settings TO rehearse_reader;
-- Give it a password with \password rehearse_reader, or a certificate; and CONNECT, where PUBLIC has lost it:
-- GRANT CONNECT ON DATABASE ... TO rehearse_reader;
