CREATE INDEX CONCURRENTLY readings_sensor ON readings USING brin (sensor);  -- a few pages, whatever the table's size
