-- Templates, rotation policies, and operations with the journal of their attempts. Nothing here is a secret: the
-- secrets of an attempt live in memory, and its log was masked before it came here.

CREATE TABLE execution.templates (
  id               uuid PRIMARY KEY,
  tenant_id        uuid NOT NULL,
  name             text NOT NULL,
  description      text NOT NULL,
  executor         text NOT NULL CHECK (executor IN ('ssh')),
  template_version integer NOT NULL,
  version          integer NOT NULL DEFAULT 1,
  created_at       timestamptz NOT NULL,
  updated_at       timestamptz NOT NULL,
  UNIQUE (tenant_id, name),
  UNIQUE (tenant_id, id)
);

-- Every version is kept: an operation runs the one that it was ordered with.
CREATE TABLE execution.template_sources (
  tenant_id   uuid NOT NULL,
  template_id uuid NOT NULL,
  number      integer NOT NULL,
  source      text NOT NULL,
  created_at  timestamptz NOT NULL,
  PRIMARY KEY (template_id, number),
  FOREIGN KEY (tenant_id, template_id) REFERENCES execution.templates (tenant_id, id) ON DELETE CASCADE
);

-- `template_id` has no foreign key: built-in templates are part of the program.
CREATE TABLE execution.rotation_policies (
  tenant_id                uuid NOT NULL,
  credential_id            uuid NOT NULL,
  device_id                uuid NOT NULL,
  template_id              uuid NOT NULL,
  privileged_credential_id uuid,
  after_reveal             boolean NOT NULL,
  after_session            boolean NOT NULL,
  after_window             boolean NOT NULL,
  max_attempts             integer NOT NULL CHECK (max_attempts BETWEEN 1 AND 20),
  version                  integer NOT NULL DEFAULT 1,
  updated_at               timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, credential_id)
);
CREATE INDEX rotation_policies_by_template ON execution.rotation_policies (tenant_id, template_id);

CREATE TABLE execution.operations (
  id                       uuid PRIMARY KEY,
  tenant_id                uuid NOT NULL,
  type                     text NOT NULL CHECK (type IN ('change-password')),
  state                    text NOT NULL
    CHECK (state IN ('scheduled', 'running', 'succeeded', 'failed', 'unknown', 'canceled')),
  trigger                  text NOT NULL CHECK (trigger IN ('request', 'reveal', 'session', 'window', 'custody')),
  cause_id                 text NOT NULL,
  credential_id            uuid NOT NULL,
  device_id                uuid NOT NULL,
  template_id              uuid NOT NULL,
  template_version         integer NOT NULL,
  privileged_credential_id uuid,
  requested_by_user_id     uuid,
  attempts                 integer NOT NULL DEFAULT 0,
  max_attempts             integer NOT NULL,
  due_at                   timestamptz NOT NULL,
  created_at               timestamptz NOT NULL DEFAULT now(),
  -- When the newest attempt began.
  attempted_at             timestamptz,
  ended_at                 timestamptz,
  message                  text NOT NULL DEFAULT '',
  version                  integer NOT NULL DEFAULT 1,
  -- Vault's name for the rotation. Another one after the first was given up and the operation restarted.
  rotation_id              uuid NOT NULL,
  -- The target may have the candidate.
  sent                     boolean NOT NULL DEFAULT false,
  -- Something happened while it ran that asks for another change afterwards.
  again_trigger            text,
  again_cause_id           text,
  again_user_id            uuid,
  -- When an unknown outcome is looked into again; NULL: only when somebody asks for it.
  resolve_at               timestamptz,
  lease_owner              text,
  lease_until              timestamptz,
  fencing_token            bigint NOT NULL DEFAULT 0,
  UNIQUE (tenant_id, id)
);
-- One at a time for each credential, whoever orders it. One whose outcome is unknown must be resolved first.
CREATE UNIQUE INDEX operations_one_open ON execution.operations (tenant_id, credential_id)
  WHERE state IN ('scheduled', 'running', 'unknown');
CREATE INDEX operations_due ON execution.operations (due_at) WHERE state = 'scheduled';
CREATE INDEX operations_leased ON execution.operations (lease_until) WHERE state = 'running';
CREATE INDEX operations_unresolved ON execution.operations (resolve_at) WHERE state = 'unknown';
CREATE INDEX operations_by_credential ON execution.operations (tenant_id, credential_id, id);

CREATE TABLE execution.attempts (
  id            uuid PRIMARY KEY,
  tenant_id     uuid NOT NULL,
  operation_id  uuid NOT NULL,
  number        integer NOT NULL,
  fencing_token bigint NOT NULL,
  rotation_id   uuid NOT NULL,
  started_at    timestamptz NOT NULL DEFAULT now(),
  ended_at      timestamptz,
  succeeded     boolean NOT NULL DEFAULT false,
  error_code    text NOT NULL DEFAULT '',
  message       text NOT NULL DEFAULT '',
  step          text NOT NULL,
  log           text[] NOT NULL DEFAULT '{}',
  UNIQUE (operation_id, number),
  FOREIGN KEY (tenant_id, operation_id) REFERENCES execution.operations (tenant_id, id) ON DELETE CASCADE
);

ALTER TABLE execution.templates ENABLE ROW LEVEL SECURITY;
ALTER TABLE execution.templates FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON execution.templates TO sallyport_execution
  USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
  WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON execution.templates TO sallyport_execution;

ALTER TABLE execution.template_sources ENABLE ROW LEVEL SECURITY;
ALTER TABLE execution.template_sources FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON execution.template_sources TO sallyport_execution
  USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
  WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
GRANT SELECT, INSERT ON execution.template_sources TO sallyport_execution;

ALTER TABLE execution.rotation_policies ENABLE ROW LEVEL SECURITY;
ALTER TABLE execution.rotation_policies FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON execution.rotation_policies TO sallyport_execution
  USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
  WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON execution.rotation_policies TO sallyport_execution;

ALTER TABLE execution.operations ENABLE ROW LEVEL SECURITY;
ALTER TABLE execution.operations FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON execution.operations TO sallyport_execution
  USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
  WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE ON execution.operations TO sallyport_execution;

ALTER TABLE execution.attempts ENABLE ROW LEVEL SECURITY;
ALTER TABLE execution.attempts FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON execution.attempts TO sallyport_execution
  USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
  WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE ON execution.attempts TO sallyport_execution;

-- The worker claims what is due, across tenants. It sees and changes nothing but the claim; the work is done inside
-- the tenant by the application's role.
CREATE POLICY worker_finds ON execution.operations FOR SELECT TO sallyport_execution_worker USING (true);
CREATE POLICY worker_claims ON execution.operations FOR UPDATE TO sallyport_execution_worker
  USING (state IN ('scheduled', 'running', 'unknown')) WITH CHECK (state = 'running');
GRANT SELECT (id, tenant_id, state, due_at, resolve_at, attempts, max_attempts, version, lease_until, fencing_token)
  ON execution.operations TO sallyport_execution_worker;
GRANT UPDATE (state, attempts, max_attempts, version, lease_owner, lease_until, fencing_token)
  ON execution.operations TO sallyport_execution_worker;

CREATE TABLE execution.idempotency_keys (
  tenant_id uuid NOT NULL,
  subject_id uuid NOT NULL,
  key text NOT NULL,
  method text NOT NULL,
  request_hash bytea NOT NULL,
  -- NULL while the first call runs, and for answers that hold a secret and are never stored.
  response bytea,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, subject_id, key)
);
CREATE INDEX idempotency_keys_created_at ON execution.idempotency_keys (created_at);
ALTER TABLE execution.idempotency_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE execution.idempotency_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON execution.idempotency_keys TO sallyport_execution
  USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
  WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON execution.idempotency_keys TO sallyport_execution;

-- Events that wait for the relay. The app role may only add: what is queued cannot be read, changed or taken back
-- by the code that serves requests. The relay (worker role) reads across tenants and deletes what was published.
CREATE TABLE execution.outbox (
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
ALTER TABLE execution.outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- Which events a consumer has applied; written in the same transaction as their effect.
CREATE TABLE execution.consumed_events (
  consumer    text NOT NULL,
  event_id    uuid NOT NULL,
  consumed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (consumer, event_id)
);
CREATE INDEX consumed_events_by_age ON execution.consumed_events (consumed_at);

-- Events that a consumer could not apply after all its tries, with the cause, for a person to look at.
CREATE TABLE execution.dead_letters (
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

GRANT INSERT ON execution.outbox TO sallyport_execution;
GRANT SELECT, INSERT ON execution.consumed_events TO sallyport_execution;
GRANT INSERT ON execution.dead_letters TO sallyport_execution;
GRANT SELECT, DELETE ON execution.outbox, execution.consumed_events TO sallyport_execution_worker;
GRANT SELECT ON execution.dead_letters TO sallyport_execution_worker;
