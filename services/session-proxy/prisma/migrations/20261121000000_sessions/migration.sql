-- Mediated sessions. What was shown in them is in the recordings, which are sealed files and not here.

CREATE TABLE sessions (
  id               uuid PRIMARY KEY,
  tenant_id        uuid NOT NULL,
  user_id          uuid NOT NULL,
  -- As it was then: people are renamed and deleted, the past is not.
  user_name        text NOT NULL,
  login_session_id uuid NOT NULL,
  source_address   text NOT NULL,
  credential_id    uuid NOT NULL,
  device_id        uuid NOT NULL,
  target_name      text NOT NULL,
  grant_id         uuid NOT NULL,
  request_id       uuid,
  protocol         text NOT NULL CHECK (protocol IN ('ssh')),
  kind             text NOT NULL CHECK (kind IN ('shell', 'exec')),
  command          text NOT NULL,
  started_at       timestamptz NOT NULL,
  ends_at          timestamptz NOT NULL,
  -- The node that carries it; after a crash the same node ends it when it starts again.
  instance         text NOT NULL,
  -- Set by whoever wants it cut; the node that carries it obeys within a second.
  terminate_reason text,
  ended_at         timestamptz,
  end_reason       text CHECK (end_reason IN ('closed', 'terminated', 'revoked', 'window-over', 'target-failed',
                                              'proxy-stopped', 'recorder-failed')),
  end_detail       text,
  exit_status      integer,
  recorded_bytes   bigint NOT NULL DEFAULT 0,
  -- How many segments the recorder wrote; unknown if its node died.
  segments         integer,
  CHECK ((ended_at IS NULL) = (end_reason IS NULL))
);
CREATE INDEX sessions_by_tenant ON sessions (tenant_id, id DESC);
CREATE INDEX sessions_by_user ON sessions (tenant_id, user_id, id DESC);
CREATE INDEX sessions_by_credential ON sessions (tenant_id, credential_id, id DESC);
CREATE INDEX sessions_by_request ON sessions (tenant_id, request_id, id DESC) WHERE request_id IS NOT NULL;
CREATE INDEX sessions_live ON sessions (instance) WHERE ended_at IS NULL;

ALTER TABLE sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE sessions FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON sessions TO sallyport_session_proxy
  USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
  WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
-- The worker only finds which live sessions of its node are to be ended; it reads nothing else and changes nothing.
CREATE POLICY worker ON sessions FOR SELECT TO sallyport_session_proxy_worker USING (true);
GRANT SELECT, INSERT, UPDATE ON sessions TO sallyport_session_proxy;
GRANT SELECT (id, tenant_id, instance, terminate_reason, ended_at) ON sessions TO sallyport_session_proxy_worker;

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

GRANT INSERT ON outbox TO sallyport_session_proxy;
GRANT SELECT, INSERT ON consumed_events TO sallyport_session_proxy;
GRANT INSERT ON dead_letters TO sallyport_session_proxy;
GRANT SELECT, DELETE ON outbox, consumed_events TO sallyport_session_proxy_worker;
GRANT SELECT ON dead_letters TO sallyport_session_proxy_worker;
