-- purpose: remember in which sessions a command runs with a superuser's rights, and how deeply nested
-- needs: superuser of the stage
-- returns: nothing
CREATE TABLE _rehearse.lent (session pg_catalog.int4 NOT NULL)
