-- purpose: make the least-privileged role that snapshots are taken as; run it as a superuser, set a password yourself
-- kind: script
-- returns: nothing
CREATE ROLE rehearse_reader LOGIN CONNECTION LIMIT 4;
ALTER ROLE rehearse_reader SET default_transaction_read_only = on;
GRANT pg_read_all_data TO rehearse_reader;
