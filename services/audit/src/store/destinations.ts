import { isUniqueViolation } from '@sallyport/database/failure'
import type { Sql } from '@sallyport/database/sql'
import { SallyportError } from '@sallyport/errors/error'
import { foldName } from '@sallyport/names/fold-name'
import {
  type Destination,
  type DestinationFormat,
  type DestinationSettings,
  maxDestinations,
} from '../domain/forwarding/destination.ts'

type Row = {
  id: string
  tenant_id: string
  name: string
  host: string
  port: number
  format: DestinationFormat
  authority: string
  disabled: boolean
  position: string
  delivered_at: Date | null
  failing_since: Date | null
  failure: string
  version: number
  created_at: Date
}

const columns =
  'id, tenant_id, name, host, port, format, authority, disabled, position, delivered_at, failing_since, failure, ' +
  'version, created_at'

const destinationOf = (row: Row): Destination => ({
  id: row.id,
  tenantId: row.tenant_id,
  name: row.name,
  host: row.host,
  port: row.port,
  format: row.format,
  authority: row.authority,
  disabled: row.disabled,
  position: Number(row.position),
  deliveredAt: row.delivered_at ?? undefined,
  failingSince: row.failing_since ?? undefined,
  failure: row.failure,
  version: row.version,
  createdAt: row.created_at,
})

const nameTaken = (thrown: unknown): never => {
  throw isUniqueViolation(thrown) ? new SallyportError('audit_destination.name_taken') : thrown
}

const one = (
  rows: readonly Row[],
  missing: 'audit_destination.not_found' | 'version.conflict',
): Destination => {
  const [row] = rows
  if (!row) throw new SallyportError(missing)
  return destinationOf(row)
}

/** The newest record of the tenant's trail; 0 if there is none. */
export const headOf = async (sql: Sql, tenantId: string): Promise<number> => {
  const [row] = await sql.query<{ sequence: string }>(
    'select sequence from heads where tenant_id = $1::uuid',
    [tenantId],
  )
  return Number(row?.sequence ?? 0)
}

/** @throws SallyportError `audit_destination.not_found` */
export const getDestination = async (sql: Sql, tenantId: string, id: string): Promise<Destination> =>
  one(
    await sql.query<Row>(`select ${columns} from destinations where tenant_id = $1::uuid and id = $2::uuid`, [
      tenantId,
      id,
    ]),
    'audit_destination.not_found',
  )

/** In the order in which they were made. */
export const listDestinations = async (
  sql: Sql,
  tenantId: string,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<Destination[]> => {
  const rows = await sql.query<Row>(
    `select ${columns} from destinations
     where tenant_id = $1::uuid and ($2::uuid is null or id > $2::uuid) order by id limit $3`,
    [tenantId, page.after ?? null, page.limit],
  )
  return rows.map(destinationOf)
}

/** @throws SallyportError `audit_destination.name_taken`, `audit_destination.too_many` */
export const insertDestination = async (
  sql: Sql,
  at: { readonly id: string; readonly tenantId: string; readonly position: number; readonly now: Date },
  settings: DestinationSettings,
): Promise<Destination> => {
  // Of two that would be the last one allowed, the second waits here and then counts both.
  await sql.query(`select pg_advisory_xact_lock(hashtextextended('destinations:' || $1, 0))`, [at.tenantId])
  const [count] = await sql.query<{ count: string }>(
    'select count(*) from destinations where tenant_id = $1::uuid',
    [at.tenantId],
  )
  if (Number(count?.count) >= maxDestinations) throw new SallyportError('audit_destination.too_many')
  const { name, host, port, format, authority, disabled } = settings
  const rows = await sql
    .query<Row>(
      `insert into destinations
       (id, tenant_id, name, name_key, host, port, format, authority, disabled, position, created_at, updated_at)
       values ($1::uuid, $2::uuid, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11) returning ${columns}`,
      [
        at.id,
        at.tenantId,
        name,
        foldName(name),
        host,
        port,
        format,
        authority,
        disabled,
        at.position,
        at.now,
      ],
    )
    .catch(nameTaken)
  return one(rows, 'version.conflict')
}

type Version = {
  readonly id: string
  readonly tenantId: string
  readonly version: number
  readonly now: Date
}

/** @throws SallyportError `version.conflict`, `audit_destination.name_taken` */
export const updateDestination = async (
  sql: Sql,
  at: Version,
  settings: DestinationSettings,
): Promise<Destination> => {
  const { name, host, port, format, authority, disabled } = settings
  const rows = await sql
    .query<Row>(
      `update destinations set name = $4, name_key = $5, host = $6, port = $7, format = $8, authority = $9,
         disabled = $10, updated_at = $11, version = version + 1, failing_since = null, failure = ''
       where tenant_id = $1::uuid and id = $2::uuid and version = $3 returning ${columns}`,
      [at.tenantId, at.id, at.version, name, foldName(name), host, port, format, authority, disabled, at.now],
    )
    .catch(nameTaken)
  return one(rows, 'version.conflict')
}

/** Goes back, or ahead, to a position. @throws SallyportError `version.conflict` */
export const moveDestination = async (sql: Sql, at: Version, position: number): Promise<Destination> =>
  one(
    await sql.query<Row>(
      `update destinations set position = $4, updated_at = $5, version = version + 1
       where tenant_id = $1::uuid and id = $2::uuid and version = $3 returning ${columns}`,
      [at.tenantId, at.id, at.version, position, at.now],
    ),
    'version.conflict',
  )

/** @throws SallyportError `version.conflict` */
export const deleteDestination = async (sql: Sql, at: Omit<Version, 'now'>): Promise<void> => {
  const gone = await sql.query(
    'delete from destinations where tenant_id = $1::uuid and id = $2::uuid and version = $3 returning id',
    [at.tenantId, at.id, at.version],
  )
  if (gone.length === 0) throw new SallyportError('version.conflict')
}

/** Those that have not read their tenant's newest record. For the worker role, which sees every tenant's. */
export const destinationsBehind = async (sql: Sql): Promise<Destination[]> => {
  const rows = await sql.query<Row>(
    `select ${columns} from destinations
     where not disabled and position < (select sequence from heads where heads.tenant_id = destinations.tenant_id)`,
    [],
  )
  return rows.map(destinationOf)
}

type Moved = { readonly position: number; readonly version: number; readonly now: Date }

/**
 * Notes what the receiver has read. Does nothing, and says so, if the destination was changed meanwhile or another
 * replica noted it: what was sent is then sent again, never left out.
 */
export const noteDelivered = async (
  sql: Sql,
  from: Destination,
  to: Omit<Moved, 'version'>,
): Promise<boolean> => {
  const rows = await sql.query(
    `update destinations set position = $5, delivered_at = $6, failing_since = null, failure = ''
     where tenant_id = $1::uuid and id = $2::uuid and version = $3 and position = $4 returning id`,
    [from.tenantId, from.id, from.version, from.position, to.position, to.now],
  )
  return rows.length > 0
}

/** Notes why nothing can be delivered. True if that is news. */
export const noteFailure = async (
  sql: Sql,
  { tenantId, id, version }: Destination,
  { failure, now }: { readonly failure: string; readonly now: Date },
): Promise<boolean> => {
  const [row] = await sql.query<{ failing_since: Date }>(
    `update destinations set failing_since = coalesce(failing_since, $5), failure = $4
     where tenant_id = $1::uuid and id = $2::uuid and version = $3 returning failing_since`,
    [tenantId, id, version, failure, now],
  )
  return row?.failing_since.getTime() === now.getTime()
}
