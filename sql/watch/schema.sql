-- purpose: make room for the tracer in the stage database
-- needs: superuser of the stage
-- returns: nothing
CREATE SCHEMA _rehearse
