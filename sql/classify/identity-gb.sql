-- purpose: find a British national insurance number in a value: two letters that may stand there, six digits, A to D (HMRC, NIM39110)
-- needs: nothing
-- returns: found
-- flags: identity by 0.3
-- among: [A-Z]{2} ?[0-9]{2}
SELECT pg_catalog.length(pg_catalog.substring(
           i.v, '(?<![A-Za-z0-9])((?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D])(?![A-Za-z0-9])')) AS found
  FROM (SELECT %(value)s::pg_catalog.text COLLATE pg_catalog."C" AS v) AS i
