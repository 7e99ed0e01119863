import type { Sql } from '@sallyport/database/sql'
import type { Criticality } from '../domain/credential.ts'

/** A credential on one of its devices, with everything that criteria can look at. */
export type TargetRow = {
  credential_id: string
  device_id: string
  username: string
  domain: string
  credential_type: string
  credential_tags: string[]
  criticality: Criticality
  device_name: string
  device_address: string
  device_type: string
  device_site: string
  device_tags: string[]
}

const select = `
  select credential.id as credential_id, device.id as device_id, credential.username, credential.domain,
    credential.type as credential_type, credential.tags as credential_tags, credential.criticality,
    device.name as device_name, device.address as device_address, device.type as device_type,
    device.site as device_site, device.tags as device_tags
  from credential_devices as pair
  join credentials as credential on credential.id = pair.credential_id
  join devices as device on device.id = pair.device_id
  where pair.tenant_id = $1::uuid`

export const findTarget = async (
  sql: Sql,
  tenantId: string,
  credentialId: string,
  deviceId: string,
): Promise<TargetRow | undefined> => {
  const [row] = await sql.query<TargetRow>(
    `${select} and pair.credential_id = $2::uuid and pair.device_id = $3::uuid`,
    [tenantId, credentialId, deviceId],
  )
  return row
}

/** What a person may mean by an account and a device; `deviceKey` is the folded name. */
export const findTargetsByName = (
  sql: Sql,
  tenantId: string,
  named: { username: string; domain: string; deviceKey: string; address: string },
  limit: number,
): Promise<TargetRow[]> =>
  sql.query<TargetRow>(
    `${select} and pair.username = $2 and ($3 = '' or lower(pair.domain) = lower($3))
       and (device.name_key = $4 or device.address = $5)
     order by pair.credential_id, pair.device_id limit $6`,
    [tenantId, named.username, named.domain, named.deviceKey, named.address, limit],
  )

/** A page in the order of credential and device. `search` is part of the username, or of the device's name or address. */
export const listTargets = (
  sql: Sql,
  tenantId: string,
  filter: { search: string; after: readonly string[] | undefined; limit: number },
): Promise<TargetRow[]> =>
  sql.query<TargetRow>(
    `${select}
       and ($2::uuid is null or (pair.credential_id, pair.device_id) > ($2::uuid, $3::uuid))
       and ($4 = '' or strpos(lower(pair.username), lower($4)) > 0 or strpos(device.name_key, lower($4)) > 0
         or strpos(device.address, lower($4)) > 0)
     order by pair.credential_id, pair.device_id limit $5`,
    [tenantId, filter.after?.[0] ?? null, filter.after?.[1] ?? null, filter.search, filter.limit],
  )
