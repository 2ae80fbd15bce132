-- purpose: make an index as unusable as it is in production
-- needs: a superuser on the stage
-- returns: indexrelid
UPDATE pg_catalog.pg_index AS i
   SET indisvalid = false, indisready = %(ready)s::pg_catalog.bool
 WHERE i.indexrelid = pg_catalog.to_regclass(%(index)s)
RETURNING i.indexrelid
