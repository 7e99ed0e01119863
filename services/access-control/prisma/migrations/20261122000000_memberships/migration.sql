-- Who is in what, by member: the lists in the groups' own rows can only be searched whole, since row-level security
-- keeps array operators from an index.
CREATE TABLE access_control.memberships (
    tenant_id uuid NOT NULL,
    -- A user, or a user group.
    member_id uuid NOT NULL,
    -- A user group, or an access group.
    group_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, member_id, group_id)
);
CREATE INDEX memberships_by_group ON access_control.memberships (tenant_id, group_id);

-- Another stamp with every change of a tenant's groups. What was read under a stamp holds while it stands. It is never
-- the same again, also if the change is rolled back or the database is restored.
CREATE TABLE access_control.policy_stamps (
    tenant_id uuid PRIMARY KEY,
    stamp uuid NOT NULL
);

CREATE FUNCTION access_control.note_policy_change(tenant uuid) RETURNS void LANGUAGE sql AS $$
    INSERT INTO access_control.policy_stamps VALUES (tenant, gen_random_uuid())
    ON CONFLICT (tenant_id) DO UPDATE SET stamp = excluded.stamp
$$;

CREATE FUNCTION access_control.keep_members(tenant uuid, the_group uuid, members uuid[]) RETURNS void LANGUAGE sql AS $$
    DELETE FROM access_control.memberships
    WHERE tenant_id = tenant AND group_id = the_group
        AND NOT EXISTS (SELECT FROM unnest(members) AS member WHERE member = member_id);
    INSERT INTO access_control.memberships SELECT tenant, member, the_group FROM unnest(members) AS member
    ON CONFLICT DO NOTHING;
    SELECT access_control.note_policy_change(tenant)
$$;

CREATE FUNCTION access_control.user_group_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF tg_op = 'DELETE' THEN
        PERFORM access_control.keep_members(old.tenant_id, old.id, '{}');
    ELSE
        PERFORM access_control.keep_members(new.tenant_id, new.id, new.user_ids);
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION access_control.access_group_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF tg_op = 'DELETE' THEN
        PERFORM access_control.keep_members(old.tenant_id, old.id, '{}');
    ELSE
        PERFORM access_control.keep_members(new.tenant_id, new.id, new.user_ids || new.user_group_ids);
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER members AFTER INSERT OR UPDATE OR DELETE ON access_control.user_groups
    FOR EACH ROW EXECUTE FUNCTION access_control.user_group_changed();
CREATE TRIGGER members AFTER INSERT OR UPDATE OR DELETE ON access_control.access_groups
    FOR EACH ROW EXECUTE FUNCTION access_control.access_group_changed();

-- The owner sees no rows while row-level security is forced upon it.
ALTER TABLE access_control.user_groups NO FORCE ROW LEVEL SECURITY;
ALTER TABLE access_control.access_groups NO FORCE ROW LEVEL SECURITY;
INSERT INTO access_control.memberships
    SELECT DISTINCT tenant_id, unnest(user_ids), id FROM access_control.user_groups;
INSERT INTO access_control.memberships
    SELECT DISTINCT tenant_id, unnest(user_ids || user_group_ids), id FROM access_control.access_groups;
ALTER TABLE access_control.user_groups FORCE ROW LEVEL SECURITY;
ALTER TABLE access_control.access_groups FORCE ROW LEVEL SECURITY;

ALTER TABLE access_control.memberships ENABLE ROW LEVEL SECURITY;
ALTER TABLE access_control.memberships FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON access_control.memberships TO sallyport_access_control
    USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
GRANT SELECT, INSERT, DELETE ON access_control.memberships TO sallyport_access_control;

ALTER TABLE access_control.policy_stamps ENABLE ROW LEVEL SECURITY;
ALTER TABLE access_control.policy_stamps FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON access_control.policy_stamps TO sallyport_access_control
    USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE ON access_control.policy_stamps TO sallyport_access_control;
