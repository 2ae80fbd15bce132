-- Three new plans; the second is there already, under a price that stays as it was.
-- rehearse: expect rows public.plans +3
INSERT INTO plans VALUES ('solo', 8), ('team', 25), ('company', 90) ON CONFLICT DO NOTHING;
