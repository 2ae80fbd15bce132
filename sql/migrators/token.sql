-- purpose: read the token of the stage, to be sure that an address leads to it
-- needs: a connection to the stage database
-- returns: token
SELECT pg_catalog.current_setting('rehearse.token', true) AS token
