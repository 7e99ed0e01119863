-- Administrators may say where the audit trail is sent. New tenants get the permission with the role; these have it
-- from now on. The owner sees no rows while row-level security is forced upon it.
ALTER TABLE access_control.roles NO FORCE ROW LEVEL SECURITY;
UPDATE access_control.roles SET permissions = permissions || '{audit-destination.manage}'
    WHERE built_in AND name = 'administrator' AND NOT permissions @> '{audit-destination.manage}';
ALTER TABLE access_control.roles FORCE ROW LEVEL SECURITY;
