-- purpose: replace a payment card's number behind its first digit, with the check digit of the new one (Luhn)
-- needs: a key, as rehearse.ip and rehearse.op in the startup packet
-- keeps: null, length, characters, equality, validity
-- types: text, character varying, character, name, citext, ltree
-- meanings: card
-- returns: masked
-- Every second digit from the right is doubled, the check digit being the first; the place in 0516273849 is a digit's doubled sum.
SELECT CASE WHEN x.digits !~ '^[0-9]+$' OR pg_catalog.length(x.digits) NOT BETWEEN 13 AND 19 OR pg_catalog.right(x.v, 1) NOT BETWEEN '0' AND '9'
            OR pg_catalog.left(x.v, 1) NOT BETWEEN '0' AND '9' THEN %(letterwise_of_v)s
            ELSE x.body || pg_catalog.mod(10 - pg_catalog.mod(
                   (pg_catalog.strpos('0516273849', pg_catalog.substr(x.turned, 1, 1)) - 1) +
                   pg_catalog.strpos('123456789', pg_catalog.substr(x.turned, 2, 1)) +
                   (pg_catalog.strpos('0516273849', pg_catalog.substr(x.turned, 3, 1)) - 1) +
                   pg_catalog.strpos('123456789', pg_catalog.substr(x.turned, 4, 1)) +
                   (pg_catalog.strpos('0516273849', pg_catalog.substr(x.turned, 5, 1)) - 1) +
                   pg_catalog.strpos('123456789', pg_catalog.substr(x.turned, 6, 1)) +
                   (pg_catalog.strpos('0516273849', pg_catalog.substr(x.turned, 7, 1)) - 1) +
                   pg_catalog.strpos('123456789', pg_catalog.substr(x.turned, 8, 1)) +
                   (pg_catalog.strpos('0516273849', pg_catalog.substr(x.turned, 9, 1)) - 1) +
                   pg_catalog.strpos('123456789', pg_catalog.substr(x.turned, 10, 1)) +
                   (pg_catalog.strpos('0516273849', pg_catalog.substr(x.turned, 11, 1)) - 1) +
                   pg_catalog.strpos('123456789', pg_catalog.substr(x.turned, 12, 1)) +
                   (pg_catalog.strpos('0516273849', pg_catalog.substr(x.turned, 13, 1)) - 1) +
                   pg_catalog.strpos('123456789', pg_catalog.substr(x.turned, 14, 1)) +
                   (pg_catalog.strpos('0516273849', pg_catalog.substr(x.turned, 15, 1)) - 1) +
                   pg_catalog.strpos('123456789', pg_catalog.substr(x.turned, 16, 1)) +
                   (pg_catalog.strpos('0516273849', pg_catalog.substr(x.turned, 17, 1)) - 1) +
                   pg_catalog.strpos('123456789', pg_catalog.substr(x.turned, 18, 1)), 10), 10)::pg_catalog.text END AS masked
  FROM (SELECT w.v, w.digits, w.body,
               pg_catalog.rpad(pg_catalog.reverse(pg_catalog.translate(w.body, ' -', '')), 18, '0') AS turned
          FROM (SELECT s.v, pg_catalog.translate(s.v, ' -', '') AS digits,
                       pg_catalog.left(s.v, 1) || pg_catalog.substr(pg_catalog.left(s.m, -1), 2) AS body
                  FROM (SELECT %(plain)s AS v, %(fill_of_value)s AS m OFFSET 0) AS s
                 WHERE s.v IS NOT NULL OFFSET 0) AS w OFFSET 0) AS x
