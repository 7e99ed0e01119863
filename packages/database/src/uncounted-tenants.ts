import type { Client } from 'pg'

/**
 * Has PostgreSQL keep no statistics of the tenants in a schema's tables. With them it knows of a tenant that is new among a
 * few that it has no rows; then every index that begins with the tenant looks as good as the right one, and who asks
 * for one credential of many may have all of that tenant read, until a tenth of the table has changed. Without them each
 * tenant counts as a two-hundredth of a table.
 * @param client as the schema's owner, with the schema as its search path
 */
export const leaveTenantsUncounted = async (client: Pick<Client, 'query'>): Promise<void> => {
  await client.query(sql)
}

// Statistics that were taken can be cleared since PostgreSQL 18; before, the last ones stay.
const sql = `do $$ declare counted record; begin
  for counted in
    select oid::regclass as name, relname from pg_class
    join pg_attribute on attrelid = oid and attname = 'tenant_id' and coalesce(attstattarget, -1) <> 0
    where relnamespace = current_schema()::regnamespace and relkind = 'r'
  loop
    execute format('alter table %s alter column tenant_id set statistics 0', counted.name);
    if to_regproc('pg_catalog.pg_clear_attribute_stats') is not null then
      perform pg_catalog.pg_clear_attribute_stats(current_schema(), counted.relname, 'tenant_id', false);
    end if;
  end loop;
end $$`
