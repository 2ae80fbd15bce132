-- purpose: show what the hash functions make of a few values: servers that answer alike can be compared by them
-- needs: CONNECT
-- returns: hashes (bigint[] as text)
SELECT (ARRAY[pg_catalog.hashint4extended(1, -1234567890123456789),
              pg_catalog.hashint4extended(2, 0),
              pg_catalog.uuid_hash_extended('00112233-4455-6677-8899-aabbccddeeff'::pg_catalog.uuid, 42)]
        || ARRAY(SELECT pg_catalog.hashtextextended(pg_catalog.repeat('Zo' || pg_catalog.chr(101), n) COLLATE pg_catalog."C", n)
                   FROM pg_catalog.generate_series(0, 9) AS g (n)
                  ORDER BY n))::pg_catalog.text AS hashes
 ORDER BY 1
