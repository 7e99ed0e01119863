-- Paste into the first migration of every service, with SCHEMA replaced by the service's
-- schema (`vault`, `access_control`). The roles are then sallyport_SCHEMA (app) and sallyport_SCHEMA_worker.

-- Events that wait for the relay. The app role may only add: what is queued cannot be read, changed or taken back
-- by the code that serves requests. The relay (worker role) reads across tenants and deletes what was published.
CREATE TABLE "SCHEMA".outbox (
  position   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id         uuid NOT NULL UNIQUE,
  topic      text NOT NULL,
  key        text NOT NULL,
  tenant_id  uuid NOT NULL,
  type       text NOT NULL,
  payload    bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  -- Where it was made, in a trace; as W3C Trace Context writes it.
  traceparent text
);
-- A queue's dead rows sit where the next read starts: vacuum by count, not by share of an empty table.
ALTER TABLE "SCHEMA".outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- Which events a consumer has applied; written in the same transaction as their effect.
CREATE TABLE "SCHEMA".consumed_events (
  consumer    text NOT NULL,
  event_id    uuid NOT NULL,
  consumed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (consumer, event_id)
);
CREATE INDEX consumed_events_by_age ON "SCHEMA".consumed_events (consumed_at);

-- Events that a consumer could not apply after all its tries, with the cause, for a person to look at. Whoever sets
-- replay_at lets the service try again.
CREATE TABLE "SCHEMA".dead_letters (
  consumer  text NOT NULL,
  event_id  uuid NOT NULL,
  topic     text NOT NULL,
  key       text NOT NULL,
  tenant_id text NOT NULL,
  type      text NOT NULL,
  payload   bytea NOT NULL,
  cause     text NOT NULL,
  failed_at timestamptz NOT NULL DEFAULT now(),
  -- When the event happened.
  time      timestamptz,
  replay_at timestamptz,
  replays   integer NOT NULL DEFAULT 0,
  PRIMARY KEY (consumer, event_id)
);

GRANT INSERT ON "SCHEMA".outbox TO "sallyport_SCHEMA";
GRANT SELECT, INSERT ON "SCHEMA".consumed_events TO "sallyport_SCHEMA";
GRANT INSERT ON "SCHEMA".dead_letters TO "sallyport_SCHEMA";
GRANT SELECT, DELETE ON "SCHEMA".outbox, "SCHEMA".consumed_events TO "sallyport_SCHEMA_worker";
GRANT SELECT, DELETE, UPDATE (cause, failed_at, replay_at, replays) ON "SCHEMA".dead_letters TO "sallyport_SCHEMA_worker";
