CREATE INDEX CONCURRENTLY readings_sensor ON readings (sensor);
