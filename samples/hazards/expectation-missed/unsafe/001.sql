-- Three new plans; the second is there already, under a price that stays as it was.
-- rehearse: expect rows public.plans +3
INSERT INTO plans VALUES (2, 8), (5, 25), (50, 90) ON CONFLICT DO NOTHING;
