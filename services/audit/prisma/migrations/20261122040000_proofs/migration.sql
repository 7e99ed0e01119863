-- Proofs for single records: a Merkle tree (RFC 6962) over each trail, whose root the checkpoints sign.

-- NULL in checkpoints that are older than the tree.
ALTER TABLE audit.checkpoints ADD COLUMN root bytea;

-- The roots of 256 neighbours each: of records at level 1, of level 1 at level 2, and so on. They never change. Whatever
-- else a proof takes is computed from these and from at most 255 neighbours at each level.
CREATE TABLE audit.tree_nodes (
  tenant_id uuid NOT NULL,
  level     smallint NOT NULL,
  place     bigint NOT NULL,
  hash      bytea NOT NULL,
  PRIMARY KEY (tenant_id, level, place)
);
ALTER TABLE audit.tree_nodes ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit.tree_nodes FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON audit.tree_nodes TO sallyport_audit
  USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
  WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);

-- INVARIANT: nothing in this service can change or delete a node.
GRANT SELECT, INSERT ON audit.tree_nodes TO sallyport_audit;
