-- The running replicas of the session proxy: who carries a session, and where it is to be asked.
CREATE TABLE nodes (
  instance text PRIMARY KEY,
  -- Of one start: of two processes with one name, the later has it.
  run_id   uuid NOT NULL,
  -- host:port of its gRPC server, for the other replicas.
  address  text NOT NULL,
  seen_at  timestamptz NOT NULL,
  -- Others have given it up: its sessions are ended, and it must come in anew.
  lost_at  timestamptz
);
GRANT SELECT, INSERT, UPDATE, DELETE ON nodes TO sallyport_session_proxy_worker;
