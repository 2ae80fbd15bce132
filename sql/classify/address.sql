-- purpose: find a street with its number in a value that is little else, in English, French, German, Spanish, Italian or Portuguese
-- needs: nothing
-- returns: found
-- flags: address by 0.2
-- among: [A-Za-z.] [0-9]|[0-9][a-z]?,? [A-Za-z]
SELECT pg_catalog.length(i.v) AS found
  FROM (SELECT %(value)s::pg_catalog.text COLLATE pg_catalog."C" AS v) AS i
 WHERE pg_catalog.length(i.v) BETWEEN 6 AND 120
   AND i.v ~* ('^ *[0-9]+[a-z]?,? [^0-9]*\y(street|st|avenue|ave|road|rd|lane|ln|drive|dr|boulevard|blvd|way|court|ct|place|pl|parkway|square|rue|allee|chemin|impasse)\y'
               || '|(strasse|straße|str[.]|gasse|weg|platz|allee) [0-9]+ ?[a-z]?\y'
               || '|^ *(rue|calle|avenida|plaza|via|viale|piazza|corso|rua|travessa) .*[0-9]')
