import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { checkpointLine, parseCheckpoint } from '../checkpoints/checkpoint-line.ts'
import type { Checkpoint } from '../domain/checkpoint.ts'
import type { ChainRow } from '../domain/verify-chain.ts'
import type { TrailSource } from './trail-source.ts'

const timeColumns = ['occurred_at', 'recorded_at']

const recordLine = ({ sequence, columns, body, mac }: ChainRow): string =>
  JSON.stringify({
    kind: 'record',
    ...columns,
    sequence,
    body: Buffer.from(body).toString('base64'),
    mac: Buffer.from(mac).toString('hex'),
  })

/** The tenant's trail as lines of JSON: its checkpoints, then its records in order. */
export async function* exportLines(
  source: Omit<TrailSource, 'tenants'>,
  tenantId: string,
): AsyncGenerator<string> {
  for (const checkpoint of await source.checkpoints(tenantId)) yield checkpointLine(checkpoint)
  for await (const row of source.rows(tenantId)) yield recordLine(row)
}

type Line = Readonly<Record<string, unknown>>

const isLine = (value: unknown): value is Line =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

async function* readLines(path: string): AsyncGenerator<Line> {
  let number = 0
  for await (const text of createInterface({
    input: createReadStream(path),
    crlfDelay: Number.POSITIVE_INFINITY,
  })) {
    number += 1
    if (text.trim() === '') continue
    const value = parse(text)
    if (!isLine(value)) throw new Error(`Line ${number} of ${path} is not a JSON object`)
    yield value
  }
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const bytes = (value: unknown, encoding: 'hex' | 'base64'): Buffer =>
  Buffer.from(typeof value === 'string' ? value : '', encoding)

const rowOf = ({ kind: _kind, sequence, body, mac, ...columns }: Line): ChainRow => {
  const times = timeColumns.map(name => [name, new Date(String(columns[name]))] as const)
  return {
    sequence: typeof sequence === 'number' ? sequence : Number.NaN,
    columns: { ...columns, ...Object.fromEntries(times) },
    body: bytes(body, 'base64'),
    mac: bytes(mac, 'hex'),
  }
}

async function* rowsIn(path: string, tenantId: string): AsyncGenerator<ChainRow> {
  for await (const line of readLines(path)) {
    if (line['kind'] === 'record' && line['tenant_id'] === tenantId) yield rowOf(line)
  }
}

/** The trail in an export; read from the disk as it is walked, so its size does not matter. */
export const exportedTrail = (path: string): TrailSource => ({
  tenants: async () => {
    const tenants = new Set<string>()
    for await (const line of readLines(path)) tenants.add(String(line['tenant_id']))
    return [...tenants].toSorted()
  },
  head: async () => undefined,
  checkpoints: async tenantId => {
    const found: Checkpoint[] = []
    for await (const line of readLines(path)) {
      const checkpoint = line['kind'] === 'checkpoint' ? parseCheckpoint(JSON.stringify(line)) : undefined
      if (checkpoint?.tenantId === tenantId) found.push(checkpoint)
    }
    return found
  },
  rows: tenantId => rowsIn(path, tenantId),
})
