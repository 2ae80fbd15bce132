-- purpose: describe every subscription of the database; where it reads from is a secret
-- needs: CONNECT
-- returns: identity, belongs_to, physical, attributes
SELECT pg_catalog.quote_ident(s.subname) AS identity,
       NULL::pg_catalog.text AS belongs_to,
       s.oid::pg_catalog.text AS physical,
       pg_catalog.jsonb_build_object(
           'owner', pg_catalog.pg_get_userbyid(s.subowner),
           'enabled', s.subenabled,
           'binary', s.subbinary,
           'streaming', CASE s.substream WHEN 't' THEN 'on' WHEN 'p' THEN 'parallel' ELSE 'off' END,
           'two_phase', s.subtwophasestate <> 'd',
           'disable_on_error', s.subdisableonerr,
           'password_required', s.subpasswordrequired,
           'run_as_owner', s.subrunasowner,
           'origin', s.suborigin,
           'slot', s.subslotname,
           'synchronous_commit', s.subsynccommit,
           'publications', (SELECT pg_catalog.jsonb_agg(u.publication ORDER BY u.publication)
                              FROM pg_catalog.unnest(s.subpublications) AS u (publication))
       ) AS attributes
  FROM pg_catalog.pg_subscription AS s
 WHERE s.subdbid = (SELECT d.oid FROM pg_catalog.pg_database AS d
                     WHERE d.datname = pg_catalog.current_database())
 ORDER BY 1
