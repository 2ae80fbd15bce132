-- purpose: say whether this role may act as pg_read_all_data, which sees no options of user mappings
-- needs: CONNECT
-- returns: reads_all
SELECT pg_catalog.pg_has_role('pg_read_all_data', 'MEMBER') AS reads_all
 ORDER BY 1
