-- purpose: list the words that are quoted as names although they are plain ones (quote_ident)
-- needs: CONNECT
-- returns: word
SELECT k.word
  FROM pg_catalog.pg_get_keywords() AS k
 WHERE k.catcode <> 'U'
 ORDER BY 1
