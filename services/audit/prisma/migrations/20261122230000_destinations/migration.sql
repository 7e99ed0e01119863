-- Receivers of a tenant's trail, such as a SIEM.
CREATE TABLE audit.destinations (
  id            uuid PRIMARY KEY,
  tenant_id     uuid NOT NULL,
  name          text NOT NULL,
  -- The name without case, so that no two look the same.
  name_key      text NOT NULL,
  host          text NOT NULL,
  port          integer NOT NULL CHECK (port BETWEEN 1 AND 65535),
  format        text NOT NULL CHECK (format IN ('cef', 'ocsf', 'ocsf-lines')),
  authority     text NOT NULL,
  disabled      boolean NOT NULL,
  -- The receiver has read every record up to this one.
  position      bigint NOT NULL CHECK (position >= 0),
  delivered_at  timestamptz,
  failing_since timestamptz,
  failure       text NOT NULL DEFAULT '',
  version       integer NOT NULL DEFAULT 1,
  created_at    timestamptz NOT NULL,
  updated_at    timestamptz NOT NULL,
  UNIQUE (tenant_id, name_key)
);
ALTER TABLE audit.destinations ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit.destinations FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON audit.destinations TO sallyport_audit
  USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
  WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
-- The forwarder asks which receivers are behind.
CREATE POLICY worker ON audit.destinations FOR SELECT TO sallyport_audit_worker USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON audit.destinations TO sallyport_audit;
GRANT SELECT ON audit.destinations TO sallyport_audit_worker;

CREATE TABLE audit.idempotency_keys (
  tenant_id uuid NOT NULL,
  subject_id uuid NOT NULL,
  key text NOT NULL,
  method text NOT NULL,
  request_hash bytea NOT NULL,
  -- NULL while the first call runs.
  response bytea,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, subject_id, key)
);
CREATE INDEX idempotency_keys_created_at ON audit.idempotency_keys (created_at);
ALTER TABLE audit.idempotency_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit.idempotency_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON audit.idempotency_keys TO sallyport_audit
  USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
  WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON audit.idempotency_keys TO sallyport_audit;
