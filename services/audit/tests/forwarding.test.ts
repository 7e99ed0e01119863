import type { TLSSocket } from 'node:tls'
import { pgTenantTransaction } from '@sallyport/database/transaction'
import { uuidV7 } from '@sallyport/database/uuid-v7'
import { createEgress } from '@sallyport/egress/egress'
import { eventually } from '@sallyport/testing/eventually'
import { missingRsyslog, type Rsyslog, startRsyslog } from '@sallyport/testing/rsyslog'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Destination, DestinationFormat } from '../src/domain/forwarding/destination.ts'
import { forwardTrails } from '../src/forwarding/forwarder.ts'
import {
  getDestination,
  insertDestination,
  moveDestination,
  updateDestination,
} from '../src/store/destinations.ts'
import { readCef } from './cef-reader.ts'
import { intake, intakes, newTenant, quiet, type TrailFixture, trailFixture } from './fixtures.ts'
import { polite, startReceiver } from './receivers.ts'
import { readFrames, readSyslog } from './syslog-reader.ts'

let trail: TrailFixture
beforeAll(async () => {
  trail = await trailFixture()
})
afterAll(() => trail[Symbol.asyncDispose]())

const running: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map(stop => stop()))
})

/** A replica's forwarder. */
const startForwarder = (): { stop: () => Promise<void> } => {
  const stopping = new AbortController()
  const done = forwardTrails({
    app: trail.db.appPool,
    worker: trail.db.workerPool,
    egress: createEgress({ allowLoopback: true, forbidden: [] }),
    clock: { now: () => new Date() },
    log: quiet,
    signal: stopping.signal,
    pollMs: 20,
  })
  const stop = async (): Promise<void> => {
    stopping.abort()
    await done
  }
  running.push(stop)
  return { stop }
}

const addDestination = (
  tenantId: string,
  { port, authority }: { port: number; authority: string },
  format: DestinationFormat = 'cef',
  position = 0,
  name = `SIEM ${port} ${format}`,
): Promise<Destination> =>
  pgTenantTransaction(trail.db.appPool, tenantId, sql =>
    insertDestination(
      sql,
      { id: uuidV7(), tenantId, position, now: new Date() },
      { name, host: '127.0.0.1', port, format, authority, disabled: false },
    ),
  )

const now = ({ tenantId, id }: Destination): Promise<Destination> =>
  pgTenantTransaction(trail.db.appPool, tenantId, sql => getDestination(sql, tenantId, id))

/** A receiver that was away for long on a slow machine is left alone for half a minute. */
const patience = 50_000

const caughtUp = (to: Destination, sequence: number): Promise<Destination> =>
  eventually(async () => {
    const found = await now(to)
    return found.position >= sequence && found
  }, patience)

/** The codes of the events about a tenant's destinations that wait to be recorded. */
const told = async (tenantId: string): Promise<string[]> => {
  const { rows } = await trail.db.workerPool.query<{ payload: Buffer }>(
    `select payload from outbox where tenant_id = $1 and type = 'AuditEvent' order by position`,
    [tenantId],
  )
  return rows.map(({ payload }) => /audit_destination\.[a-z_]+/.exec(payload.toString('latin1'))?.[0] ?? '')
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1)
const sequencesOf = (messages: readonly string[]): number[] =>
  messages.map(message => Number(readSyslog(message).data['sequence']))

describe('The trail', () => {
  it('goes to each receiver in order, in its format, and goes on as it grows', async () => {
    const tenantId = newTenant()
    await using one = await startReceiver()
    await using other = await startReceiver()
    await trail.record(intakes(tenantId, 5))
    const cef = await addDestination(tenantId, one)
    const lines = await addDestination(tenantId, other, 'ocsf-lines', 3)
    startForwarder()
    await caughtUp(cef, 5)
    await trail.record(intakes(tenantId, 2_500))
    await Promise.all([caughtUp(cef, 2_505), caughtUp(lines, 2_505)])
    const frames = readFrames(Buffer.concat(one.received))
    expect(sequencesOf(frames)).toEqual(upTo(2_505))
    expect(readCef(readSyslog(frames[0] ?? '').text).extension).toMatchObject({
      act: 'secret.revealed',
      suser: 'alice',
      externalId: '1',
    })
    const objects = Buffer.concat(other.received).toString().trimEnd().split('\n')
    expect(objects.map(text => JSON.parse(text).metadata.sequence)).toEqual(upTo(2_505).slice(3))
    expect(await told(tenantId)).toEqual([])
  })

  it('waits for a receiver that is away, says so once, and says when it is back', async () => {
    const tenantId = newTenant()
    await using receiver = await startReceiver(secure => secure.destroy())
    await using well = await startReceiver()
    await trail.record(intakes(tenantId, 3))
    const ill = await addDestination(tenantId, receiver)
    const fine = await addDestination(tenantId, well)
    startForwarder()
    await eventually(async () => (await now(ill)).failingSince)
    expect(await now(ill)).toMatchObject({ position: 0, failure: expect.stringMatching(/./) })
    // The other receiver does not wait with it.
    await trail.record(intakes(tenantId, 3))
    await caughtUp(fine, 6)
    expect(await told(tenantId)).toEqual(['audit_destination.unreachable'])
    receiver.behave(polite)
    expect(await caughtUp(ill, 6)).toMatchObject({ failingSince: undefined, failure: '' })
    expect(sequencesOf(readFrames(Buffer.concat(receiver.received)))).toEqual(upTo(6))
    expect(await told(tenantId)).toEqual(['audit_destination.unreachable', 'audit_destination.recovered'])
  })

  it('is not sent to who cannot prove who it is, and says why', async () => {
    const tenantId = newTenant()
    await using receiver = await startReceiver()
    await using other = await startReceiver()
    await trail.record(intakes(tenantId, 1))
    const to = await addDestination(tenantId, { port: receiver.port, authority: other.authority })
    startForwarder()
    await eventually(async () => (await now(to)).failingSince)
    expect(await now(to)).toMatchObject({ position: 0, failure: 'self-signed certificate' })
    expect(receiver.received.map(String).join('')).toBe('')
  })

  it('is sent again from where an administrator says', async () => {
    const tenantId = newTenant()
    await using receiver = await startReceiver()
    await trail.record(intakes(tenantId, 4))
    const to = await addDestination(tenantId, receiver)
    startForwarder()
    const { version } = await caughtUp(to, 4)
    await pgTenantTransaction(trail.db.appPool, tenantId, sql =>
      moveDestination(sql, { id: to.id, tenantId, version, now: new Date() }, 2),
    )
    await eventually(() => receiver.received.length === 2)
    expect(sequencesOf(readFrames(Buffer.concat(receiver.received)))).toEqual([1, 2, 3, 4, 3, 4])
  })

  it('is sent again also when that was said while it was being sent', async () => {
    const tenantId = newTenant()
    const held: TLSSocket[] = []
    await using receiver = await startReceiver(secure => {
      secure.pause()
      held.push(secure)
    })
    await trail.record(intakes(tenantId, 4))
    const to = await addDestination(tenantId, receiver)
    startForwarder()
    const [underway] = await eventually(() => held.length > 0 && held)
    await pgTenantTransaction(trail.db.appPool, tenantId, sql =>
      moveDestination(sql, { ...to, now: new Date() }, 0),
    )
    receiver.behave(polite)
    underway?.resume()
    await caughtUp(to, 4)
    expect(sequencesOf(readFrames(Buffer.concat(receiver.received)))).toEqual([1, 2, 3, 4, 1, 2, 3, 4])
  })

  it('is not sent to who is disabled, nor on with the settings of before', async () => {
    const tenantId = newTenant()
    await using first = await startReceiver(secure => secure.pause())
    await using second = await startReceiver()
    await trail.record(intakes(tenantId, 2))
    const to = await addDestination(tenantId, first)
    startForwarder()
    const settings = { ...to, port: second.port, authority: second.authority }
    await pgTenantTransaction(trail.db.appPool, tenantId, sql =>
      updateDestination(sql, { ...to, now: new Date() }, { ...settings, disabled: true }),
    )
    const { version } = await now(to)
    await pgTenantTransaction(trail.db.appPool, tenantId, sql =>
      updateDestination(sql, { ...to, version, now: new Date() }, settings),
    )
    await caughtUp(to, 2)
    expect(sequencesOf(readFrames(Buffer.concat(second.received)))).toEqual([1, 2])
  })

  it('that somebody took a record from goes on, and says what is missing', async () => {
    const tenantId = newTenant()
    await using receiver = await startReceiver()
    await trail.record(intakes(tenantId, 5))
    await trail.db.adminPool.query('delete from audit.records where tenant_id = $1 and sequence = 3', [
      tenantId,
    ])
    await caughtUpWith(tenantId, receiver, 5)
    expect(sequencesOf(readFrames(Buffer.concat(receiver.received)))).toEqual([1, 2, 4, 5])
    expect(await told(tenantId)).toEqual(['audit_destination.gap_found'])
  })

  const caughtUpWith = async (
    tenantId: string,
    receiver: { port: number; authority: string },
    sequence: number,
  ): Promise<void> => {
    const to = await addDestination(tenantId, receiver)
    startForwarder()
    await caughtUp(to, sequence)
  }

  it('with a record that somebody made nonsense of goes on', async () => {
    const tenantId = newTenant()
    await using receiver = await startReceiver()
    await trail.record(intakes(tenantId, 3))
    await trail.db.adminPool.query(
      `update audit.records set body = 'nonsense' where tenant_id = $1 and sequence = 2`,
      [tenantId],
    )
    for (const format of ['cef', 'ocsf', 'ocsf-lines'] as const) {
      const to = await addDestination(tenantId, receiver, format)
      if (format === 'cef') startForwarder()
      await caughtUp(to, 3)
    }
    expect(sequencesOf(readFrames(receiver.received[0] ?? Buffer.alloc(0)))).toEqual(upTo(3))
  })

  it('of one tenant does not wait for receivers of another that swallow it', async () => {
    const [greedy, tenantId] = [newTenant(), newTenant()]
    await using swallows = await startReceiver(secure => secure.pause())
    await using receiver = await startReceiver()
    await trail.record([...intakes(greedy, 1), ...intakes(tenantId, 1)])
    for (let index = 0; index < 20; index += 1)
      await addDestination(greedy, swallows, 'cef', 0, `SIEM ${index}`)
    startForwarder()
    await caughtUp(await addDestination(tenantId, receiver), 1)
    expect(receiver.received).toHaveLength(1)
  })

  it('is sent by one of several replicas, and by another when that one stops', async () => {
    const tenantId = newTenant()
    await using receiver = await startReceiver()
    const to = await addDestination(tenantId, receiver)
    const replicas = [startForwarder(), startForwarder(), startForwarder()]
    for (const [round, replica] of replicas.entries()) {
      await trail.record(intakes(tenantId, 100))
      await caughtUp(to, 100 * (round + 1))
      await replica.stop()
    }
    expect(sequencesOf(readFrames(Buffer.concat(receiver.received)))).toEqual(upTo(300))
  })
})

describe('rsyslog', () => {
  const missing = missingRsyslog()
  let rsyslog: Rsyslog
  beforeAll(async () => {
    if (!missing) rsyslog = await startRsyslog()
  })
  afterAll(() => rsyslog?.[Symbol.asyncDispose]())

  const hostile = ['a|b=c\\d', '=cs1=\\', '"]} <13>1 ', '12 <34>', 'line\nbreak\r\0', '\u202e\u2028', '😀 é']

  it('receives over TLS what people put into their names and reasons, unchanged', async context => {
    if (missing) context.skip(missing)
    const tenantId = newTenant()
    const events = hostile.map(text =>
      intake(tenantId, 'session.refused', {
        target: { kind: 'device', id: text, name: text },
        details: { reason: text },
      }),
    )
    await trail.record(events)
    const to = await addDestination(tenantId, rsyslog)
    startForwarder()
    await caughtUp(to, events.length)
    const messages = await eventually(async () => {
      const mine = (await rsyslog.received()).filter(line => line.includes(tenantId))
      return mine.length === events.length && mine
    })
    const { rows } = await trail.db.adminPool.query<{ target_name: string }>(
      'select target_name from audit.records where tenant_id = $1 order by sequence',
      [tenantId],
    )
    const read = messages.map(message => readCef(readSyslog(message).text).extension)
    expect(read.map(({ dhost }) => dhost)).toEqual(rows.map(row => row.target_name))
  })

  it('misses nothing of what happened while it was down, and gets it in order', async context => {
    if (missing) context.skip(missing)
    const tenantId = newTenant()
    const to = await addDestination(tenantId, rsyslog)
    startForwarder()
    await trail.record(intakes(tenantId, 500))
    await caughtUp(to, 500)
    for (let outage = 1; outage <= 3; outage += 1) {
      // Stopped while it is being sent to.
      const growing = trail.record(intakes(tenantId, 3_000))
      await rsyslog.stop()
      await growing
      await trail.record(intakes(tenantId, 500))
      await eventually(async () => (await now(to)).failingSince)
      await rsyslog.start()
    }
    await caughtUp(to, 11_000)
    const mine = (await rsyslog.received()).filter(line => line.includes(tenantId))
    // At least once: what an outage interrupted comes again. In the order of their first coming none is missing.
    expect([...new Set(sequencesOf(mine))]).toEqual(upTo(11_000))
  })
})
