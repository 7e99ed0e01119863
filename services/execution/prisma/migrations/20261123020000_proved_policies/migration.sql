-- When a change of this credential's password was last proved: carried out, verified, and promoted in the vault.
ALTER TABLE execution.rotation_policies ADD COLUMN proved_at timestamptz;
UPDATE execution.rotation_policies AS policy SET proved_at = (
  SELECT max(ended_at) FROM execution.operations
  WHERE operations.tenant_id = policy.tenant_id AND operations.credential_id = policy.credential_id
    AND state = 'succeeded'
);
-- For the metric, which counts and names nobody.
CREATE POLICY worker_counts ON execution.rotation_policies FOR SELECT TO sallyport_execution_worker USING (true);
GRANT SELECT (proved_at) ON execution.rotation_policies TO sallyport_execution_worker;
