-- purpose: pin, until the transaction ends, every setting on which the wording of a definition depends
-- needs: CONNECT
-- returns: search_path, quoting, datestyle, intervalstyle, timezone, extra_float_digits, bytea_output, xmlbinary
SELECT pg_catalog.set_config('search_path', '', true) AS search_path,
       pg_catalog.set_config('quote_all_identifiers', 'off', true) AS quoting,
       pg_catalog.set_config('datestyle', 'ISO, YMD', true) AS datestyle,
       pg_catalog.set_config('intervalstyle', 'postgres', true) AS intervalstyle,
       pg_catalog.set_config('timezone', 'UTC', true) AS timezone,
       pg_catalog.set_config('extra_float_digits', '1', true) AS extra_float_digits,
       pg_catalog.set_config('bytea_output', 'hex', true) AS bytea_output,
       pg_catalog.set_config('xmlbinary', 'base64', true) AS xmlbinary
 ORDER BY 1
