-- purpose: describe some settings of the stage's server, given by name in lower case
-- needs: a superuser on the stage
-- returns: name, context, unit, value, default_value
SELECT s.name,
       s.context,
       s.unit,
       pg_catalog.current_setting(s.name) AS value,
       CASE WHEN s.setting IS NOT DISTINCT FROM COALESCE(s.boot_val, '') THEN pg_catalog.current_setting(s.name)
            WHEN s.boot_val IN ('0', '-1') OR s.unit IS NULL THEN COALESCE(s.boot_val, '')
            WHEN s.unit = '8kB' THEN (8 * s.boot_val::pg_catalog.int8)::pg_catalog.text || 'kB'
            ELSE s.boot_val || s.unit
       END AS default_value
  FROM pg_catalog.pg_settings AS s
 WHERE pg_catalog.lower(s.name) = ANY (%(names)s)
 ORDER BY 1
