-- purpose: find a telephone number in a value: with a country's calling code (E.164), or all of it shaped like a national one
-- needs: nothing
-- returns: found
-- flags: phone by 0.3
-- among: [0-9 ()./+-]{7}
SELECT CASE WHEN i.v ~ '^[[:space:]]*[(]?0?[0-9]{2,5}[)]?[ ./-][0-9]{2,4}([ ./-]?[0-9]{2,4}){1,4}([ ]?(x|ext[.]?)[ ]?[0-9]{1,5})?[[:space:]]*$'
             AND i.v !~ '^[[:space:]]*([0-9]+[.][0-9]+|[0-9]{4}[./-][0-9]{1,2}[./-][0-9]{1,2}|[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{4}|[0-9]{3}[ -][0-9]{2}[ -][0-9]{4}|([0-9]{4}[ -]){2,}[0-9]{3,4})[[:space:]]*$'
             AND pg_catalog.length(pg_catalog.regexp_replace(i.v, '[^0-9]', '', 'g')) BETWEEN 7 AND 15
            THEN pg_catalog.length(i.v)
            ELSE (SELECT pg_catalog.max(pg_catalog.length(m.hit[1]))
                    FROM pg_catalog.regexp_matches(
                             CASE WHEN i.v ~ '([+]|00)[ (]?[1-9]' THEN i.v END,
                             '((?<![\w+])(?:[+]|00)[ (]?(?:1|7|2[07]|3[0123469]|4[013456789]|5[12345678]|6[0123456]|8[1246]|9[0123458]|25[012345678]|2[2346][0123456789]|29[01789]|21[12368]|37[012345678]|35[0123456789]|38[01235679]|42[013]|5[09][0123456789]|69[012]|68[012356789]|67[023456789]|88[012368]|85[02356]|8[07][08]|96[012345678]|97[012345679]|99[234568])(?:[ ().\-/]{0,3}[0-9]){4,13})(?![0-9])', 'g') AS m (hit)
                   WHERE pg_catalog.length(pg_catalog.regexp_replace(m.hit[1], '[^0-9]', '', 'g')) BETWEEN 7 AND 17)
       END AS found
  FROM (SELECT %(value)s::pg_catalog.text COLLATE pg_catalog."C" AS v) AS i
