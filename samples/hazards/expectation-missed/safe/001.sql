-- Two new plans.
-- rehearse: expect rows public.plans +2
INSERT INTO plans VALUES ('solo', 8), ('company', 90);
