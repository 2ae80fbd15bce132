-- purpose: read a part of the server's log
-- needs: superuser, or EXECUTE on pg_read_binary_file(text, bigint, bigint)
-- returns: part
SELECT pg_catalog.pg_read_binary_file(%(path)s, %(offset)s, 16777216) AS part
 ORDER BY 1
