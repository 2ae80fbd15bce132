-- purpose: make room in the stage database for what a migration is allowed
-- needs: superuser of the stage
-- returns: nothing
CREATE SCHEMA IF NOT EXISTS _rehearse
