-- purpose: find a Spanish DNI or NIE in a value: eight digits and the letter that follows from them (Ministerio del Interior)
-- needs: nothing
-- returns: found
-- flags: identity by 0.3
-- among: [0-9]{7}-?[A-Z]
SELECT pg_catalog.max(pg_catalog.length(m.hit[1])) AS found
  FROM (SELECT %(value)s::pg_catalog.text COLLATE pg_catalog."C" AS v) AS i
 CROSS JOIN LATERAL pg_catalog.regexp_matches(
           i.v, '(?<![A-Za-z0-9-])((?:[0-9]|[XYZ])[0-9]{7}-?[A-Z])(?![A-Za-z0-9-])', 'g') AS m (hit)
 WHERE pg_catalog.right(m.hit[1], 1) = pg_catalog.substr(
           'TRWAGMYFPDXBNJZSQVHLCKE',
           1 + pg_catalog.mod(pg_catalog.translate(pg_catalog.left(m.hit[1], 8), 'XYZ', '012')::pg_catalog.int4, 23), 1)
