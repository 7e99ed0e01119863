import type { Sql } from '@sallyport/database/sql'
import { packBytes } from '@sallyport/events/packed-bytes'
import { genesis, type Head, linkMac, type Mac, macBytes } from '../domain/chain.ts'
import { type Columns, columnsOf } from '../domain/columns.ts'
import { encodeBody, type TrailRecord } from '../domain/trail-record.ts'

/** A record that has no place in the chain yet. */
export type NewRecord = Omit<TrailRecord, 'sequence' | 'recordedAt'>

type Linked = { readonly record: TrailRecord; readonly body: Buffer; readonly mac: Uint8Array }

// Creates the tenant's head if there is none, and locks it until the transaction ends.
const lockHead = async (sql: Sql, tenantId: string): Promise<Head> => {
  const [row] = await sql.query<{ sequence: string; mac: Buffer }>(
    `insert into heads (tenant_id, sequence, mac) values ($1::uuid, 0, $2::bytea)
     on conflict (tenant_id) do update set sequence = heads.sequence returning sequence, mac`,
    [tenantId, genesis.mac],
  )
  if (!row) throw new Error('The head of the chain could not be locked')
  return { sequence: Number(row.sequence), mac: row.mac }
}

// One look into the index for each: asked for all at once, PostgreSQL may prefer to read the whole trail of a tenant.
const seenBefore = `
  select fresh.event_id from unnest($2::uuid[]) as fresh (event_id),
    lateral (select from records where tenant_id = $1::uuid and event_id = fresh.event_id limit 1) as seen`

// Events come at least once: what the trail has already, and what a batch has twice, is left out.
const unseen = async (sql: Sql, tenantId: string, records: readonly NewRecord[]): Promise<NewRecord[]> => {
  const first = new Map(records.toReversed().map(record => [record.eventId, record]))
  const seen = await sql.query<{ event_id: string }>(seenBefore, [tenantId, [...first.keys()]])
  for (const { event_id } of seen) first.delete(event_id)
  return records.filter(record => first.get(record.eventId) === record)
}

const linkAll = (head: Head, records: readonly NewRecord[], recordedAt: Date, mac: Mac): Linked[] => {
  let { sequence, mac: previous } = head
  return records.map(fresh => {
    sequence += 1
    const record = { ...fresh, sequence, recordedAt }
    const body = encodeBody(record)
    previous = linkMac(mac, previous, sequence, body)
    return { record, body, mac: previous }
  })
}

const columnTypes = {
  event_id: 'uuid',
  code: 'text',
  occurred_at: 'timestamptz',
  recorded_at: 'timestamptz',
  service: 'text',
  outcome: 'text',
  actor_id: 'text',
  actor_name: 'text',
  target_kind: 'text',
  target_id: 'text',
  target_name: 'text',
  request_id: 'text',
  session_id: 'text',
  grant_id: 'text',
} as const satisfies Record<keyof Columns, string>

const columnNames = Object.keys(columnTypes).join(', ')

const insert = `
  insert into records (tenant_id, sequence, body, mac, ${columnNames})
  select $1::uuid, sequence, substring($2::bytea from start for length),
    substring($3::bytea from (place::int - 1) * ${macBytes} + 1 for ${macBytes}), ${columnNames}
  from unnest($4::bigint[], $5::int[], $6::int[], ${Object.values(columnTypes)
    .map((type, index) => `$${index + 7}::${type}[]`)
    .join(', ')})
    with ordinality as record(sequence, start, length, ${columnNames}, place)`

const store = async (sql: Sql, tenantId: string, linked: readonly Linked[]): Promise<void> => {
  const rows = linked.map(({ record }) => columnsOf(record))
  const { bytes, starts, lengths } = packBytes(linked.map(({ body }) => body))
  const macs = Buffer.concat(linked.map(({ mac }) => mac))
  const sequences = linked.map(({ record }) => record.sequence)
  const names = Object.keys(columnTypes).filter((name): name is keyof Columns => name in columnTypes)
  const columns = names.map(name => rows.map(row => row[name]))
  await sql.query(insert, [tenantId, bytes, macs, sequences, starts, lengths, ...columns])
}

/**
 * Adds events to their tenant's chain, in the tenant's transaction. One writer at a time holds the head.
 * @returns the records that were new, with their places
 */
export const appendRecords = async (
  sql: Sql,
  tenantId: string,
  events: readonly NewRecord[],
  { mac, recordedAt }: { mac: Mac; recordedAt: Date },
): Promise<readonly TrailRecord[]> => {
  const head = await lockHead(sql, tenantId)
  const linked = linkAll(head, await unseen(sql, tenantId, events), recordedAt, mac)
  const last = linked.at(-1)
  if (!last) return []
  await store(sql, tenantId, linked)
  await sql.query('update heads set sequence = $2, mac = $3 where tenant_id = $1::uuid', [
    tenantId,
    last.record.sequence,
    last.mac,
  ])
  return linked.map(({ record }) => record)
}
