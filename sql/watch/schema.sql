-- purpose: make room for the tracer in the stage database; what a migration is allowed may be there already
-- needs: superuser of the stage
-- returns: nothing
CREATE SCHEMA IF NOT EXISTS _rehearse
