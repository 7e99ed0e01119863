-- The trail of each tenant: a keyed hash chain that can only grow.

CREATE TABLE audit.records (
  tenant_id   uuid NOT NULL,
  -- Counts from 1 in each tenant, without gaps.
  sequence    bigint NOT NULL,
  event_id    uuid NOT NULL,
  code        text NOT NULL,
  occurred_at timestamptz(3) NOT NULL,
  recorded_at timestamptz(3) NOT NULL,
  service     text NOT NULL,
  outcome     text NOT NULL,
  actor_id    text NOT NULL,
  actor_name  text NOT NULL,
  target_kind text NOT NULL,
  target_id   text NOT NULL,
  target_name text NOT NULL,
  request_id  text NOT NULL,
  session_id  text NOT NULL,
  grant_id    text NOT NULL,
  -- The whole event as canonical JSON; the columns above repeat parts of it, and verification compares them.
  body        bytea NOT NULL,
  mac         bytea NOT NULL,
  PRIMARY KEY (tenant_id, sequence),
  UNIQUE (tenant_id, event_id)
);
CREATE INDEX records_by_time ON audit.records (tenant_id, occurred_at, sequence);
CREATE INDEX records_by_actor ON audit.records (tenant_id, actor_id, occurred_at, sequence);
CREATE INDEX records_by_target ON audit.records (tenant_id, target_id, occurred_at, sequence);
CREATE INDEX records_by_code ON audit.records (tenant_id, code, occurred_at, sequence);
CREATE INDEX records_by_request ON audit.records (tenant_id, request_id, occurred_at, sequence)
  WHERE request_id <> '';
CREATE INDEX records_by_session ON audit.records (tenant_id, session_id, occurred_at, sequence)
  WHERE session_id <> '';

-- Where each tenant's chain ends. The row is locked while the chain grows.
CREATE TABLE audit.heads (
  tenant_id uuid PRIMARY KEY,
  sequence  bigint NOT NULL,
  mac       bytea NOT NULL
);

-- Signed statements of how far a chain had come; the same are appended to files in a second place.
CREATE TABLE audit.checkpoints (
  tenant_id uuid NOT NULL,
  sequence  bigint NOT NULL,
  mac       bytea NOT NULL,
  signed_at timestamptz(3) NOT NULL,
  key_id    text NOT NULL,
  signature bytea NOT NULL,
  PRIMARY KEY (tenant_id, sequence)
);

ALTER TABLE audit.records ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit.records FORCE ROW LEVEL SECURITY;
ALTER TABLE audit.heads ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit.heads FORCE ROW LEVEL SECURITY;
ALTER TABLE audit.checkpoints ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit.checkpoints FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant ON audit.records TO sallyport_audit, sallyport_audit_worker
  USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
  WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
CREATE POLICY tenant ON audit.heads TO sallyport_audit
  USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
  WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
CREATE POLICY tenant ON audit.checkpoints TO sallyport_audit
  USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
  WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);

-- The worker asks which chains grew since their last checkpoint, and verifies; it sees records of the tenant that
-- it names, like the app role.
CREATE POLICY worker ON audit.heads FOR SELECT TO sallyport_audit_worker USING (true);
CREATE POLICY worker ON audit.checkpoints FOR SELECT TO sallyport_audit_worker USING (true);

-- INVARIANT: nothing in this service can change or delete a record or a checkpoint.
GRANT SELECT, INSERT ON audit.records, audit.checkpoints TO sallyport_audit;
GRANT SELECT, INSERT, UPDATE ON audit.heads TO sallyport_audit;
GRANT SELECT ON audit.records, audit.heads, audit.checkpoints TO sallyport_audit_worker;

-- Events that wait for the relay. The app role may only add: what is queued cannot be read, changed or taken back
-- by the code that serves requests. The relay (worker role) reads across tenants and deletes what was published.
CREATE TABLE audit.outbox (
  position   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id         uuid NOT NULL UNIQUE,
  topic      text NOT NULL,
  key        text NOT NULL,
  tenant_id  uuid NOT NULL,
  type       text NOT NULL,
  payload    bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
-- A queue's dead rows sit where the next read starts: vacuum by count, not by share of an empty table.
ALTER TABLE audit.outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- Which events a consumer has applied; written in the same transaction as their effect.
CREATE TABLE audit.consumed_events (
  consumer    text NOT NULL,
  event_id    uuid NOT NULL,
  consumed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (consumer, event_id)
);
CREATE INDEX consumed_events_by_age ON audit.consumed_events (consumed_at);

-- Events that a consumer could not apply after all its tries, with the cause, for a person to look at.
CREATE TABLE audit.dead_letters (
  consumer  text NOT NULL,
  event_id  uuid NOT NULL,
  topic     text NOT NULL,
  key       text NOT NULL,
  tenant_id text NOT NULL,
  type      text NOT NULL,
  payload   bytea NOT NULL,
  cause     text NOT NULL,
  failed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (consumer, event_id)
);

GRANT INSERT ON audit.outbox TO sallyport_audit;
GRANT SELECT, INSERT ON audit.consumed_events TO sallyport_audit;
GRANT INSERT ON audit.dead_letters TO sallyport_audit;
GRANT SELECT, DELETE ON audit.outbox, audit.consumed_events TO sallyport_audit_worker;
GRANT SELECT ON audit.dead_letters TO sallyport_audit_worker;
