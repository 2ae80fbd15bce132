-- A comment for the people who look at the table.
-- rehearse: expect no data change
COMMENT ON TABLE plans IS 'What customers can subscribe to';
