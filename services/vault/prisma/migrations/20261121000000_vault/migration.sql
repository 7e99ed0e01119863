-- Devices, credentials and the sealed versions of their secrets. Nothing here is a secret in clear.

CREATE TABLE devices (
  id         uuid PRIMARY KEY,
  tenant_id  uuid NOT NULL,
  name       text NOT NULL,
  -- The name as people would confuse it with another: folded case and width.
  name_key   text NOT NULL,
  address    text NOT NULL,
  type       text NOT NULL,
  site       text NOT NULL,
  tags       text[] NOT NULL,
  version    integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  UNIQUE (tenant_id, name_key),
  UNIQUE (tenant_id, id)
);
CREATE INDEX devices_by_address ON devices (tenant_id, address);

CREATE TABLE connectivities (
  tenant_id uuid NOT NULL,
  device_id uuid NOT NULL,
  port      integer NOT NULL CHECK (port BETWEEN 1 AND 65535),
  protocol  text NOT NULL CHECK (protocol IN ('ssh')),
  PRIMARY KEY (device_id, port),
  FOREIGN KEY (tenant_id, device_id) REFERENCES devices (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE host_keys (
  tenant_id   uuid NOT NULL,
  device_id   uuid NOT NULL,
  port        integer NOT NULL,
  fingerprint text NOT NULL,
  algorithm   text NOT NULL,
  public_key  bytea NOT NULL,
  pinned_at   timestamptz NOT NULL,
  PRIMARY KEY (device_id, port, fingerprint),
  FOREIGN KEY (tenant_id, device_id) REFERENCES devices (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE strength_profiles (
  id          uuid PRIMARY KEY,
  tenant_id   uuid NOT NULL,
  name        text NOT NULL,
  name_key    text NOT NULL,
  length      integer NOT NULL,
  min_upper   integer NOT NULL,
  min_lower   integer NOT NULL,
  min_digits  integer NOT NULL,
  min_symbols integer NOT NULL,
  forbidden   text NOT NULL,
  version     integer NOT NULL DEFAULT 1,
  created_at  timestamptz NOT NULL,
  updated_at  timestamptz NOT NULL,
  UNIQUE (tenant_id, name_key),
  UNIQUE (tenant_id, id)
);

CREATE TABLE credentials (
  id                   uuid PRIMARY KEY,
  tenant_id            uuid NOT NULL,
  username             text NOT NULL,
  domain               text NOT NULL,
  type                 text NOT NULL,
  secret_kind          text NOT NULL CHECK (secret_kind IN ('password', 'ssh-key')),
  tags                 text[] NOT NULL,
  criticality          text NOT NULL CHECK (criticality IN ('low', 'medium', 'high')),
  notes                text NOT NULL,
  owner_user_id        uuid,
  parent_credential_id uuid,
  strength_profile_id  uuid,
  exclusive_custody    boolean NOT NULL,
  -- 0: no secret yet.
  current_version      integer NOT NULL DEFAULT 0,
  -- The highest number ever given, so that none is given twice.
  last_version         integer NOT NULL DEFAULT 0,
  secret_changed_at    timestamptz,
  exposed_since        timestamptz,
  version              integer NOT NULL DEFAULT 1,
  created_at           timestamptz NOT NULL,
  updated_at           timestamptz NOT NULL,
  UNIQUE (tenant_id, id),
  FOREIGN KEY (tenant_id, parent_credential_id) REFERENCES credentials (tenant_id, id),
  FOREIGN KEY (tenant_id, strength_profile_id) REFERENCES strength_profiles (tenant_id, id)
);
CREATE INDEX credentials_by_username ON credentials (tenant_id, username);
CREATE INDEX credentials_by_parent ON credentials (tenant_id, parent_credential_id);
CREATE INDEX credentials_by_profile ON credentials (tenant_id, strength_profile_id);

-- Where a credential is valid. It repeats the account's name, so that the database itself refuses a second
-- credential of the same kind for one account on one device.
CREATE TABLE credential_devices (
  tenant_id     uuid NOT NULL,
  credential_id uuid NOT NULL,
  device_id     uuid NOT NULL,
  username      text NOT NULL,
  domain        text NOT NULL,
  secret_kind   text NOT NULL,
  PRIMARY KEY (credential_id, device_id),
  UNIQUE (tenant_id, device_id, username, domain, secret_kind),
  FOREIGN KEY (tenant_id, credential_id) REFERENCES credentials (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, device_id) REFERENCES devices (tenant_id, id)
);

-- Tenant keys, each wrapped by a root key. At most one per tenant seals new values.
CREATE TABLE tenant_keys (
  id          uuid PRIMARY KEY,
  tenant_id   uuid NOT NULL,
  wrapped_key bytea NOT NULL,
  root_key_id text NOT NULL,
  is_primary  boolean NOT NULL,
  created_at  timestamptz NOT NULL,
  UNIQUE (tenant_id, id)
);
CREATE UNIQUE INDEX tenant_keys_one_primary ON tenant_keys (tenant_id) WHERE is_primary;
CREATE INDEX tenant_keys_by_root_key ON tenant_keys (root_key_id);

CREATE TABLE secret_versions (
  id                 uuid PRIMARY KEY,
  tenant_id          uuid NOT NULL,
  credential_id      uuid NOT NULL,
  number             integer NOT NULL,
  state              text NOT NULL CHECK (state IN ('candidate', 'current', 'retired', 'abandoned')),
  -- The tenant key that wraps the data key. The reference proves, by itself, that a key is unused when it is deleted.
  key_id             uuid NOT NULL,
  wrapped_key        bytea NOT NULL,
  ciphertext         bytea NOT NULL,
  created_at         timestamptz NOT NULL,
  promoted_at        timestamptz,
  created_by_user_id uuid,
  operation_id       uuid,
  UNIQUE (credential_id, number),
  FOREIGN KEY (tenant_id, credential_id) REFERENCES credentials (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, key_id) REFERENCES tenant_keys (tenant_id, id)
);
CREATE UNIQUE INDEX secret_versions_one_current ON secret_versions (credential_id) WHERE state = 'current';
CREATE UNIQUE INDEX secret_versions_one_candidate ON secret_versions (credential_id) WHERE state = 'candidate';
CREATE INDEX secret_versions_by_key ON secret_versions (tenant_id, key_id);

-- Vault's half of the journal of a password change.
CREATE TABLE rotations (
  tenant_id        uuid NOT NULL,
  operation_id     uuid NOT NULL,
  credential_id    uuid NOT NULL,
  fencing_token    bigint NOT NULL,
  state            text NOT NULL CHECK (state IN ('open', 'promoted', 'abandoned')),
  candidate_number integer NOT NULL,
  started_at       timestamptz NOT NULL,
  ended_at         timestamptz,
  PRIMARY KEY (tenant_id, operation_id),
  FOREIGN KEY (tenant_id, credential_id) REFERENCES credentials (tenant_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX rotations_one_open ON rotations (credential_id) WHERE state = 'open';

-- Each grant works once.
CREATE TABLE used_nonces (
  tenant_id  uuid NOT NULL,
  nonce      text NOT NULL,
  grant_id   uuid NOT NULL,
  used_at    timestamptz NOT NULL,
  -- The grant's own expiry: later the row is not needed any more.
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, nonce)
);
CREATE INDEX used_nonces_by_expiry ON used_nonces (expires_at);

CREATE TABLE reveal_tickets (
  id               uuid PRIMARY KEY,
  tenant_id        uuid NOT NULL,
  -- SHA-256 of the ticket, which has 256 random bits.
  token_hash       bytea NOT NULL UNIQUE,
  credential_id    uuid NOT NULL,
  device_id        uuid NOT NULL,
  user_id          uuid NOT NULL,
  login_session_id uuid,
  grant_id         uuid NOT NULL,
  grant_issued_at  timestamptz NOT NULL,
  request_id       uuid,
  created_at       timestamptz NOT NULL,
  expires_at       timestamptz NOT NULL,
  used_at          timestamptz,
  FOREIGN KEY (tenant_id, credential_id) REFERENCES credentials (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX reveal_tickets_by_expiry ON reveal_tickets (expires_at);
CREATE INDEX reveal_tickets_by_grant ON reveal_tickets (tenant_id, grant_id);
CREATE INDEX reveal_tickets_by_credential ON reveal_tickets (tenant_id, credential_id);

CREATE TABLE custodies (
  id               uuid PRIMARY KEY,
  tenant_id        uuid NOT NULL,
  credential_id    uuid NOT NULL,
  holder_user_id   uuid NOT NULL,
  holder_user_name text NOT NULL,
  grant_id         uuid NOT NULL,
  request_id       uuid,
  since            timestamptz NOT NULL,
  until            timestamptz NOT NULL,
  ended_at         timestamptz,
  ended_reason     text CHECK (ended_reason IN ('checked-in', 'forced', 'expired', 'revoked')),
  CHECK ((ended_at IS NULL) = (ended_reason IS NULL)),
  FOREIGN KEY (tenant_id, credential_id) REFERENCES credentials (tenant_id, id) ON DELETE CASCADE
);
-- INVARIANT: one holder at a time.
CREATE UNIQUE INDEX custodies_one_live ON custodies (credential_id) WHERE ended_at IS NULL;
CREATE INDEX custodies_due ON custodies (until) WHERE ended_at IS NULL;
CREATE INDEX custodies_by_grant ON custodies (tenant_id, grant_id) WHERE ended_at IS NULL;
CREATE INDEX custodies_by_holder ON custodies (tenant_id, holder_user_id, id);

-- Rotations of encryption keys: work that goes on in the background, in batches, across restarts.
CREATE TABLE key_rotations (
  id          uuid PRIMARY KEY,
  tenant_id   uuid NOT NULL,
  scope       text NOT NULL CHECK (scope IN ('root', 'tenant')),
  state       text NOT NULL CHECK (state IN ('running', 'done', 'failed')),
  from_key_id text NOT NULL,
  -- NULL until the new key exists.
  to_key_id   text,
  rewrapped   bigint NOT NULL DEFAULT 0,
  total       bigint NOT NULL,
  started_by  uuid NOT NULL,
  started_at  timestamptz NOT NULL,
  ended_at    timestamptz
);
CREATE UNIQUE INDEX key_rotations_one_of_root ON key_rotations (scope) WHERE state = 'running' AND scope = 'root';
CREATE UNIQUE INDEX key_rotations_one_of_tenant ON key_rotations (tenant_id)
  WHERE state = 'running' AND scope = 'tenant';
CREATE INDEX key_rotations_by_tenant ON key_rotations (tenant_id, id);

-- One tenant never sees another, whatever the code does: no tenant set, no rows.
DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY[
    'devices', 'connectivities', 'host_keys', 'strength_profiles', 'credentials', 'credential_devices', 'tenant_keys',
    'secret_versions', 'rotations', 'used_nonces', 'reveal_tickets', 'custodies', 'key_rotations'
  ] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format($policy$
      CREATE POLICY tenant ON %I TO sallyport_vault
      USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
      WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)$policy$, name);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO sallyport_vault', name);
  END LOOP;
END $$;
-- A used nonce stays used until the worker forgets it, after the grant's expiry.
REVOKE UPDATE, DELETE ON used_nonces FROM sallyport_vault;

-- The worker finds due work across tenants; the work itself is done as the app role, in its tenant.
GRANT SELECT (id, tenant_id, until, ended_at) ON custodies TO sallyport_vault_worker;
GRANT SELECT (id, tenant_id, scope, state, started_at) ON key_rotations TO sallyport_vault_worker;
GRANT SELECT (id, tenant_id, root_key_id) ON tenant_keys TO sallyport_vault_worker;
GRANT SELECT (expires_at), DELETE ON used_nonces TO sallyport_vault_worker;
GRANT SELECT (expires_at), DELETE ON reveal_tickets TO sallyport_vault_worker;
CREATE POLICY worker ON custodies FOR SELECT TO sallyport_vault_worker USING (true);
CREATE POLICY worker ON key_rotations FOR SELECT TO sallyport_vault_worker USING (true);
CREATE POLICY worker ON tenant_keys FOR SELECT TO sallyport_vault_worker USING (true);
CREATE POLICY worker ON used_nonces TO sallyport_vault_worker USING (true);
CREATE POLICY worker ON reveal_tickets TO sallyport_vault_worker USING (true);

-- Answers to repeated calls with an Idempotency-Key.
CREATE TABLE idempotency_keys (
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
CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);
ALTER TABLE idempotency_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE idempotency_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON idempotency_keys TO sallyport_vault
  USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
  WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_keys TO sallyport_vault;

-- Events that wait for the relay. The app role may only add: what is queued cannot be read, changed or taken back
-- by the code that serves requests. The relay (worker role) reads across tenants and deletes what was published.
CREATE TABLE outbox (
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
ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- Which events a consumer has applied; written in the same transaction as their effect.
CREATE TABLE consumed_events (
  consumer    text NOT NULL,
  event_id    uuid NOT NULL,
  consumed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (consumer, event_id)
);
CREATE INDEX consumed_events_by_age ON consumed_events (consumed_at);

-- Events that a consumer could not apply after all its tries, with the cause, for a person to look at.
CREATE TABLE dead_letters (
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

GRANT INSERT ON outbox TO sallyport_vault;
GRANT SELECT, INSERT ON consumed_events TO sallyport_vault;
GRANT INSERT ON dead_letters TO sallyport_vault;
GRANT SELECT, DELETE ON outbox, consumed_events TO sallyport_vault_worker;
GRANT SELECT ON dead_letters TO sallyport_vault_worker;
