-- Dead letters can be tried again: whoever sets replay_at lets the service do it.
ALTER TABLE execution.dead_letters
  -- When the event happened.
  ADD COLUMN time timestamptz,
  ADD COLUMN replay_at timestamptz,
  ADD COLUMN replays integer NOT NULL DEFAULT 0;
GRANT DELETE, UPDATE (cause, failed_at, replay_at, replays) ON execution.dead_letters TO sallyport_execution_worker;
