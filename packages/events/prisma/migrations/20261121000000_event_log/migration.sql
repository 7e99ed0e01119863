-- The event log: what Kafka is in a cluster, as one append-only table for installations without a broker.
-- Schema and roles exist: the migration runner makes them for every schema.

-- Positions are handed out under one advisory lock that lasts until commit, so that a reader who has seen position
-- n will never see a smaller one appear.
CREATE TABLE event_log.records (
  position   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  topic      text NOT NULL,
  key        text NOT NULL,
  id         uuid NOT NULL,
  -- CloudEvents 1.0 attributes.
  headers    jsonb NOT NULL,
  payload    bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (topic, id)
);
CREATE INDEX records_by_topic ON event_log.records (topic, position);
CREATE INDEX records_by_age ON event_log.records USING brin (created_at);

-- How far each group of consumers has come.
CREATE TABLE event_log.offsets (
  consumer_group text NOT NULL,
  topic          text NOT NULL,
  position       bigint NOT NULL,
  PRIMARY KEY (consumer_group, topic)
);

GRANT SELECT, INSERT, DELETE ON event_log.records TO sallyport_event_log;
GRANT SELECT, INSERT, UPDATE ON event_log.offsets TO sallyport_event_log;
