-- Two new plans.
-- rehearse: expect rows public.plans +2
INSERT INTO plans VALUES (2, 8), (50, 90);
