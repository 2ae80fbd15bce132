-- purpose: make the role that snapshots are taken with: it reads, and can do nothing else
-- needs: CREATEROLE and ADMIN on pg_read_all_data; run once by psql, connected to the database
-- returns: nothing
-- kind: script
CREATE ROLE rehearse_reader LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION CONNECTION LIMIT 4;

-- SELECT on every table, view and sequence, USAGE on every schema (manual 21.5, Predefined Roles)
GRANT pg_read_all_data TO rehearse_reader;

-- a second fence: sessions of this role start READ ONLY, and give up rather than stand in anybody's way
ALTER ROLE rehearse_reader SET default_transaction_read_only = on;
ALTER ROLE rehearse_reader SET lock_timeout = '2s';
ALTER ROLE rehearse_reader SET idle_in_transaction_session_timeout = '10min';

-- Tables with row level security come without data unless this role may see every row: ALTER ROLE ... BYPASSRLS.
-- Give it a password with \password rehearse_reader, or a certificate; and CONNECT, where PUBLIC has lost it:
-- GRANT CONNECT ON DATABASE ... TO rehearse_reader;
