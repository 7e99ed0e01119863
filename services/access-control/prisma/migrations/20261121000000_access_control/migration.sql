-- Tenants are looked up by name before anybody is known, so they are not behind row-level security. Nothing in a row
-- is a tenant's own data; only the operator's methods list them.
CREATE TABLE access_control.tenants (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE,
    description text NOT NULL,
    disabled boolean NOT NULL,
    operator boolean NOT NULL,
    version integer NOT NULL,
    created_at timestamptz(3) NOT NULL
);
CREATE UNIQUE INDEX one_operator ON access_control.tenants (operator) WHERE operator;
GRANT SELECT, INSERT, UPDATE ON access_control.tenants TO sallyport_access_control;

-- The platform's own keys belong to no tenant. The private halves are sealed.
CREATE TABLE access_control.signing_keys (
    id text PRIMARY KEY,
    purpose text NOT NULL CHECK (purpose IN ('caller-token', 'grant')),
    public_key text NOT NULL,
    private_key bytea NOT NULL,
    created_at timestamptz(3) NOT NULL,
    -- Null for the one that signs.
    verify_until timestamptz(3)
);
CREATE UNIQUE INDEX one_signing_key ON access_control.signing_keys (purpose) WHERE verify_until IS NULL;
GRANT SELECT, INSERT, UPDATE, DELETE ON access_control.signing_keys TO sallyport_access_control;

CREATE TABLE access_control.users (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES access_control.tenants,
    user_name text NOT NULL,
    display_name text NOT NULL,
    email text NOT NULL,
    disabled boolean NOT NULL,
    role_ids uuid[] NOT NULL,
    password_hash text NOT NULL,
    old_password_hashes text[] NOT NULL,
    must_change_password boolean NOT NULL,
    totp_secret bytea,
    totp_last_step bigint,
    last_login_at timestamptz(3),
    version integer NOT NULL,
    created_at timestamptz(3) NOT NULL,
    UNIQUE (tenant_id, user_name)
);
ALTER TABLE access_control.users ENABLE ROW LEVEL SECURITY;
ALTER TABLE access_control.users FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON access_control.users TO sallyport_access_control
    USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON access_control.users TO sallyport_access_control;

CREATE TABLE access_control.roles (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES access_control.tenants,
    name text NOT NULL,
    description text NOT NULL,
    permissions text[] NOT NULL,
    built_in boolean NOT NULL,
    version integer NOT NULL,
    created_at timestamptz(3) NOT NULL,
    UNIQUE (tenant_id, name)
);
ALTER TABLE access_control.roles ENABLE ROW LEVEL SECURITY;
ALTER TABLE access_control.roles FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON access_control.roles TO sallyport_access_control
    USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON access_control.roles TO sallyport_access_control;

CREATE TABLE access_control.user_groups (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES access_control.tenants,
    name text NOT NULL,
    description text NOT NULL,
    user_ids uuid[] NOT NULL,
    version integer NOT NULL,
    created_at timestamptz(3) NOT NULL,
    UNIQUE (tenant_id, name)
);
ALTER TABLE access_control.user_groups ENABLE ROW LEVEL SECURITY;
ALTER TABLE access_control.user_groups FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON access_control.user_groups TO sallyport_access_control
    USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON access_control.user_groups TO sallyport_access_control;

CREATE TABLE access_control.access_groups (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES access_control.tenants,
    name text NOT NULL,
    description text NOT NULL,
    user_ids uuid[] NOT NULL,
    user_group_ids uuid[] NOT NULL,
    criteria jsonb NOT NULL,
    view_rule jsonb NOT NULL,
    session_rule jsonb NOT NULL,
    approver_user_ids uuid[] NOT NULL,
    approver_group_ids uuid[] NOT NULL,
    version integer NOT NULL,
    created_at timestamptz(3) NOT NULL,
    updated_at timestamptz(3) NOT NULL,
    UNIQUE (tenant_id, name)
);
ALTER TABLE access_control.access_groups ENABLE ROW LEVEL SECURITY;
ALTER TABLE access_control.access_groups FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON access_control.access_groups TO sallyport_access_control
    USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON access_control.access_groups TO sallyport_access_control;

CREATE TABLE access_control.ssh_keys (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES access_control.tenants,
    user_id uuid NOT NULL REFERENCES access_control.users ON DELETE CASCADE,
    name text NOT NULL,
    public_key bytea NOT NULL,
    fingerprint text NOT NULL,
    created_at timestamptz(3) NOT NULL,
    last_used_at timestamptz(3),
    UNIQUE (tenant_id, user_id, fingerprint)
);
ALTER TABLE access_control.ssh_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE access_control.ssh_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON access_control.ssh_keys TO sallyport_access_control
    USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON access_control.ssh_keys TO sallyport_access_control;

CREATE TABLE access_control.login_failures (
    tenant_id uuid NOT NULL,
    -- 'account' or 'source'
    kind text NOT NULL,
    key text NOT NULL,
    failures integer NOT NULL,
    last_failure_at timestamptz(3) NOT NULL,
    locked_until timestamptz(3),
    PRIMARY KEY (tenant_id, kind, key)
);
ALTER TABLE access_control.login_failures ENABLE ROW LEVEL SECURITY;
ALTER TABLE access_control.login_failures FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON access_control.login_failures TO sallyport_access_control
    USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON access_control.login_failures TO sallyport_access_control;

CREATE TABLE access_control.login_challenges (
    hash bytea PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES access_control.tenants,
    user_id uuid NOT NULL REFERENCES access_control.users ON DELETE CASCADE,
    step text NOT NULL,
    totp_proved boolean NOT NULL,
    totp_secret bytea,
    channel text NOT NULL,
    source_address text NOT NULL,
    expires_at timestamptz(3) NOT NULL
);
ALTER TABLE access_control.login_challenges ENABLE ROW LEVEL SECURITY;
ALTER TABLE access_control.login_challenges FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON access_control.login_challenges TO sallyport_access_control
    USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON access_control.login_challenges TO sallyport_access_control;

CREATE TABLE access_control.login_sessions (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES access_control.tenants,
    user_id uuid NOT NULL REFERENCES access_control.users ON DELETE CASCADE,
    token_hash bytea NOT NULL UNIQUE,
    channel text NOT NULL,
    source_address text NOT NULL,
    created_at timestamptz(3) NOT NULL,
    last_used_at timestamptz(3) NOT NULL,
    expires_at timestamptz(3) NOT NULL,
    ended_at timestamptz(3)
);
ALTER TABLE access_control.login_sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE access_control.login_sessions FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON access_control.login_sessions TO sallyport_access_control
    USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON access_control.login_sessions TO sallyport_access_control;

CREATE TABLE access_control.api_tokens (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES access_control.tenants,
    user_id uuid NOT NULL REFERENCES access_control.users ON DELETE CASCADE,
    name text NOT NULL,
    token_hash bytea NOT NULL UNIQUE,
    permissions text[] NOT NULL,
    created_at timestamptz(3) NOT NULL,
    expires_at timestamptz(3) NOT NULL,
    last_used_at timestamptz(3),
    revoked_at timestamptz(3)
);
ALTER TABLE access_control.api_tokens ENABLE ROW LEVEL SECURITY;
ALTER TABLE access_control.api_tokens FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON access_control.api_tokens TO sallyport_access_control
    USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON access_control.api_tokens TO sallyport_access_control;

CREATE TABLE access_control.requests (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES access_control.tenants,
    -- No reference: the request outlives the user.
    requester_id uuid NOT NULL,
    requester_name text NOT NULL,
    credential_id uuid NOT NULL,
    device_id uuid NOT NULL,
    -- What criteria looked at, so that a later decision needs no other service.
    target jsonb NOT NULL,
    action text NOT NULL CHECK (action IN ('view', 'session')),
    state text NOT NULL
        CHECK (state IN ('pending', 'approved', 'disapproved', 'canceled', 'revoked', 'expired')),
    justification text NOT NULL,
    requested_start timestamptz(3) NOT NULL,
    requested_end timestamptz(3) NOT NULL,
    start_at timestamptz(3) NOT NULL,
    end_at timestamptz(3) NOT NULL,
    approvals_needed integer NOT NULL,
    max_window_seconds integer NOT NULL,
    approver_user_ids uuid[] NOT NULL,
    approver_group_ids uuid[] NOT NULL,
    version integer NOT NULL,
    created_at timestamptz(3) NOT NULL,
    CHECK (start_at < end_at)
);
ALTER TABLE access_control.requests ENABLE ROW LEVEL SECURITY;
ALTER TABLE access_control.requests FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON access_control.requests TO sallyport_access_control
    USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE ON access_control.requests TO sallyport_access_control;

CREATE TABLE access_control.approvals (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES access_control.tenants,
    request_id uuid NOT NULL REFERENCES access_control.requests,
    approver_id uuid NOT NULL,
    approver_name text NOT NULL,
    approved boolean NOT NULL,
    comment text NOT NULL,
    decided_at timestamptz(3) NOT NULL,
    -- One person, one vote.
    UNIQUE (request_id, approver_id)
);
ALTER TABLE access_control.approvals ENABLE ROW LEVEL SECURITY;
ALTER TABLE access_control.approvals FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON access_control.approvals TO sallyport_access_control
    USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
GRANT SELECT, INSERT ON access_control.approvals TO sallyport_access_control;

CREATE TABLE access_control.grants (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES access_control.tenants,
    -- A user, or for action 'rotate' the operation.
    user_id uuid NOT NULL,
    user_name text NOT NULL,
    -- A login session or an API token.
    login_session_id uuid,
    credential_id uuid NOT NULL,
    device_id uuid NOT NULL,
    -- What criteria looked at, so that a later decision needs no other service.
    target jsonb NOT NULL,
    action text NOT NULL CHECK (action IN ('view', 'session', 'rotate')),
    request_id uuid REFERENCES access_control.requests,
    operation_id uuid,
    issued_at timestamptz(3) NOT NULL,
    ends_at timestamptz(3) NOT NULL,
    -- When its end was announced, whatever the cause.
    ended_at timestamptz(3),
    revoked_at timestamptz(3),
    revoked_reason text NOT NULL
);
ALTER TABLE access_control.grants ENABLE ROW LEVEL SECURITY;
ALTER TABLE access_control.grants FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON access_control.grants TO sallyport_access_control
    USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE ON access_control.grants TO sallyport_access_control;

CREATE TABLE access_control.revocations (
    -- 0 on the wire means "from now on", and 1 "from the first".
    position bigint GENERATED ALWAYS AS IDENTITY (START WITH 2) PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES access_control.tenants,
    grant_id uuid NOT NULL,
    reason text NOT NULL,
    revoked_at timestamptz(3) NOT NULL
);
ALTER TABLE access_control.revocations ENABLE ROW LEVEL SECURITY;
ALTER TABLE access_control.revocations FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON access_control.revocations TO sallyport_access_control
    USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
GRANT SELECT, INSERT ON access_control.revocations TO sallyport_access_control;

-- Targets that changed in the vault and whose grants are to be decided again.
CREATE TABLE access_control.target_changes (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES access_control.tenants,
    credential_id uuid,
    device_id uuid,
    noted_at timestamptz(3) NOT NULL
);
ALTER TABLE access_control.target_changes ENABLE ROW LEVEL SECURITY;
ALTER TABLE access_control.target_changes FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON access_control.target_changes TO sallyport_access_control
    USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
GRANT SELECT, INSERT, DELETE ON access_control.target_changes TO sallyport_access_control;

CREATE INDEX ssh_keys_by_fingerprint ON access_control.ssh_keys (tenant_id, fingerprint);
CREATE INDEX login_challenges_by_end ON access_control.login_challenges (expires_at);
CREATE INDEX login_sessions_by_user ON access_control.login_sessions (tenant_id, user_id);
CREATE INDEX login_sessions_live ON access_control.login_sessions (last_used_at) WHERE ended_at IS NULL;
CREATE INDEX api_tokens_by_user ON access_control.api_tokens (tenant_id, user_id);
CREATE INDEX requests_by_requester ON access_control.requests (tenant_id, requester_id, credential_id, device_id);
CREATE INDEX requests_open ON access_control.requests (end_at) WHERE state IN ('pending', 'approved');
CREATE INDEX grants_by_user ON access_control.grants (tenant_id, user_id);
CREATE INDEX grants_by_request ON access_control.grants (request_id) WHERE request_id IS NOT NULL;
CREATE INDEX grants_not_ended ON access_control.grants (ends_at) WHERE ended_at IS NULL;
CREATE INDEX grants_live_by_tenant ON access_control.grants (tenant_id) WHERE ended_at IS NULL;

-- The worker finds across tenants what is due, and reads the revocation stream. It changes nothing; the work itself
-- is done inside the tenant by the application's role.
CREATE POLICY worker ON access_control.requests FOR SELECT TO sallyport_access_control_worker USING (true);
GRANT SELECT (id, tenant_id, state, end_at) ON access_control.requests TO sallyport_access_control_worker;
CREATE POLICY worker ON access_control.grants FOR SELECT TO sallyport_access_control_worker USING (true);
GRANT SELECT (id, tenant_id, ends_at, ended_at) ON access_control.grants TO sallyport_access_control_worker;
CREATE POLICY worker ON access_control.login_sessions FOR SELECT TO sallyport_access_control_worker USING (true);
GRANT SELECT (id, tenant_id, channel, last_used_at, expires_at, ended_at) ON access_control.login_sessions TO sallyport_access_control_worker;
CREATE POLICY worker ON access_control.login_challenges FOR SELECT TO sallyport_access_control_worker USING (true);
GRANT SELECT (tenant_id, expires_at) ON access_control.login_challenges TO sallyport_access_control_worker;
CREATE POLICY worker ON access_control.revocations FOR SELECT TO sallyport_access_control_worker USING (true);
GRANT SELECT (position, tenant_id, grant_id, reason, revoked_at) ON access_control.revocations TO sallyport_access_control_worker;
CREATE POLICY worker ON access_control.target_changes FOR SELECT TO sallyport_access_control_worker USING (true);
GRANT SELECT ON access_control.target_changes TO sallyport_access_control_worker;

CREATE TABLE access_control.idempotency_keys (
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
CREATE INDEX idempotency_keys_created_at ON access_control.idempotency_keys (created_at);
ALTER TABLE access_control.idempotency_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE access_control.idempotency_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON access_control.idempotency_keys TO sallyport_access_control
  USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
  WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON access_control.idempotency_keys TO sallyport_access_control;

-- Events that wait for the relay. The app role may only add: what is queued cannot be read, changed or taken back
-- by the code that serves requests. The relay (worker role) reads across tenants and deletes what was published.
CREATE TABLE access_control.outbox (
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
ALTER TABLE access_control.outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- Which events a consumer has applied; written in the same transaction as their effect.
CREATE TABLE access_control.consumed_events (
  consumer    text NOT NULL,
  event_id    uuid NOT NULL,
  consumed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (consumer, event_id)
);
CREATE INDEX consumed_events_by_age ON access_control.consumed_events (consumed_at);

-- Events that a consumer could not apply after all its tries, with the cause, for a person to look at.
CREATE TABLE access_control.dead_letters (
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

GRANT INSERT ON access_control.outbox TO sallyport_access_control;
GRANT SELECT, INSERT ON access_control.consumed_events TO sallyport_access_control;
GRANT INSERT ON access_control.dead_letters TO sallyport_access_control;
GRANT SELECT, DELETE ON access_control.outbox, access_control.consumed_events TO sallyport_access_control_worker;
GRANT SELECT ON access_control.dead_letters TO sallyport_access_control_worker;
