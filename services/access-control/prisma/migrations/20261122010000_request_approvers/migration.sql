-- Who may decide on what is pending, by approver: an inbox would otherwise look through everybody's requests, since
-- row-level security keeps array operators from an index.
CREATE TABLE access_control.request_approvers (
    tenant_id uuid NOT NULL,
    -- A user, or a user group.
    approver_id uuid NOT NULL,
    request_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, approver_id, request_id)
);
CREATE INDEX request_approvers_by_request ON access_control.request_approvers (tenant_id, request_id);

CREATE FUNCTION access_control.request_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF tg_op <> 'INSERT' THEN
        DELETE FROM access_control.request_approvers WHERE tenant_id = old.tenant_id AND request_id = old.id;
    END IF;
    IF tg_op <> 'DELETE' AND new.state = 'pending' THEN
        INSERT INTO access_control.request_approvers
        SELECT new.tenant_id, approver, new.id
        FROM unnest(new.approver_user_ids || new.approver_group_ids) AS approver
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER approvers
    AFTER INSERT OR DELETE OR UPDATE OF state, approver_user_ids, approver_group_ids
    ON access_control.requests
    FOR EACH ROW EXECUTE FUNCTION access_control.request_changed();

-- The owner sees no rows while row-level security is forced upon it.
ALTER TABLE access_control.requests NO FORCE ROW LEVEL SECURITY;
INSERT INTO access_control.request_approvers
    SELECT DISTINCT tenant_id, unnest(approver_user_ids || approver_group_ids), id
    FROM access_control.requests WHERE state = 'pending';
ALTER TABLE access_control.requests FORCE ROW LEVEL SECURITY;

ALTER TABLE access_control.request_approvers ENABLE ROW LEVEL SECURITY;
ALTER TABLE access_control.request_approvers FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON access_control.request_approvers TO sallyport_access_control
    USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
GRANT SELECT, INSERT, DELETE ON access_control.request_approvers TO sallyport_access_control;
