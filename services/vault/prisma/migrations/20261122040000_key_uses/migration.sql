-- How many data keys were wrapped under a tenant key: with random nonces there may be at most 2^32.
ALTER TABLE tenant_keys ADD COLUMN uses bigint NOT NULL DEFAULT 0;
-- NULL: the vault itself, when a key had been used often enough.
ALTER TABLE key_rotations ALTER COLUMN started_by DROP NOT NULL;
