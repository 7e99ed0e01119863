import { setTimeout as pause } from 'node:timers/promises'
import { auditEvent, auditIntakeTopic } from '@sallyport/audit-events/record'
import { AuditEvent } from '@sallyport/contracts/events/v1/audit'
import { openPool, type Pool } from '@sallyport/database/pool'
import { pgTenantTransaction } from '@sallyport/database/transaction'
import { appendEvents, type NewEvent } from '@sallyport/events/outbox'
import { signInFirst } from '@sallyport/standalone/demo/person'
import { verifyTrail } from '@sallyport/standalone/demo/verify-trail'
import { eventually } from '@sallyport/testing/eventually'
import { startKafka } from '@sallyport/testing/kafka'
import { missingKafka } from '@sallyport/testing/kafka-jars'
import { type Processes, startProcesses } from '../../support/processes.ts'
import { startProgram } from '../../support/program.ts'
import { onKafka } from '../../support/service-environment.ts'
import { receiveSyslog, type SyslogReceiver } from '../cluster/syslog-receiver.ts'
import { measure, quantile } from '../pairs.ts'
import { Missing, type Row, type Side } from '../row.ts'

const atOnce = 500
const singles = 60

type Scene = AsyncDisposable & {
  readonly platform: Processes
  readonly vault: Pool
  readonly tenantId: string
  readonly receiver: SyslogReceiver
}

/** A platform whose tenant's trail goes to a SIEM. */
const openScene = async (): Promise<Scene> => {
  await using stack = new AsyncDisposableStack()
  const kafka = stack.use(await startKafka({}))
  {
    await using topics = startProgram('services/audit/src/topics-main.ts', [], { env: onKafka(kafka.broker) })
    if ((await topics.exit) !== 0) throw new Error(topics.printed())
  }
  const platform = stack.use(await startProcesses({ broker: kafka.broker }))
  const receiver = stack.use(await receiveSyslog())
  const { apiUrl, initialPassword } = platform
  const admin = await signInFirst(apiUrl, { userName: 'admin', initialPassword })
  const { tenantId } = await admin.api.get<{ tenantId: string }>('/me')
  const { port, authority } = receiver
  const settings = { name: 'SIEM', host: '127.0.0.1', port, format: 'cef', authority, from: 1 }
  await admin.api.post('/audit-destinations', settings)
  const url = platform.postgres.url('vault', 'app')
  const vault = stack.use(openPool({ url, applicationName: 'bench' }))
  const owned = stack.move()
  return { platform, vault, tenantId, receiver, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

/** As the vault says it when somebody reads a secret. */
const eventsOf = (tenantId: string, count: number): NewEvent[] =>
  Array.from({ length: count }, () => {
    const actor = { kind: 'user', id: tenantId, name: 'alice', sourceAddress: '192.0.2.1' } as const
    const event = auditEvent({ service: 'vault', tenantId, actor }, 'secret.revealed', {
      target: { kind: 'credential', id: tenantId, name: 'deploy@web-1' },
    })
    const payload = Buffer.from(AuditEvent.encode(event).finish())
    return { id: event.id, topic: auditIntakeTopic, key: tenantId, tenantId, type: 'AuditEvent', payload }
  })

/** Events a second from the first that is committed to the last that the SIEM has. */
const perSecond = async ({ vault, tenantId, receiver }: Scene, count: number): Promise<number> => {
  const events = eventsOf(tenantId, count)
  const awaited = new Set(events.map(({ id }) => id))
  receiver.onMessage(text => void awaited.delete(/ event="([^"]+)"/.exec(text)?.[1] ?? ''))
  const began = performance.now()
  for (let from = 0; from < count; from += atOnce)
    await pgTenantTransaction(vault, tenantId, sql => appendEvents(sql, events.slice(from, from + atOnce)))
  await eventually(() => awaited.size === 0, 300_000)
  return count / ((performance.now() - began) / 1_000)
}

/** Milliseconds from the commit of single events to their arrival. */
const lags = async ({ vault, tenantId, receiver }: Scene): Promise<number[]> => {
  const times: number[] = []
  for (let single = 0; single < singles; single += 1) {
    const events = eventsOf(tenantId, 1)
    const arrived = new Promise<void>(resolve =>
      receiver.onMessage(text => void (text.includes(events[0]?.id ?? '-') && resolve())),
    )
    await pgTenantTransaction(vault, tenantId, sql => appendEvents(sql, events))
    const began = performance.now()
    await arrived
    times.push(performance.now() - began)
    await pause(Math.random() * 200)
  }
  return times
}

export const row: Row = {
  id: 'P-AU-1',
  title: 'audit events from the outbox through Kafka and the chain to a SIEM',
  run: async effort => {
    const missing = missingKafka()
    if (missing) throw new Missing(missing)
    await using scene = await openScene()
    const { platform } = scene
    const count = effort.quick ? 5_000 : 50_000
    const processes = [
      ...Object.values(platform.services).map(service => service.pid()),
      await platform.postgres.pid(),
    ]
    const ours = await measure(effort, { name: 'ours', processes, run: () => perSecond(scene, count) })
    const took = await lags(scene)
    const absolute = (value: number): Side => ({ ...ours, value })
    const [lag, verified] = [quantile(took, 0.99), await verifiedPerSecond(scene, count * (effort.pairs + 1))]
    return [
      {
        what: `${count.toLocaleString('en')} events, ${atOnce} in a commit, outbox to SIEM`,
        unit: '/s',
        ours,
        target: '≥ 5,000 /s',
        reached: ours.value >= 5_000,
        note: `a million would take ${Math.round(1_000_000 / ours.value)} s`,
      },
      {
        what: 'one event at a time, outbox to SIEM: p99',
        unit: 'ms',
        ours: absolute(lag),
        target: '≤ 1,000 ms',
        reached: lag <= 1_000,
      },
      {
        what: 'audit verify, with the start of the program',
        unit: '/s',
        ours: absolute(verified),
        target: '≥ 300,000 /s',
        reached: verified >= 300_000,
      },
    ]
  },
}

/** Records that the program proves in a second. */
const verifiedPerSecond = async ({ platform }: Scene, records: number): Promise<number> => {
  const began = performance.now()
  const verdict = await verifyTrail(platform)
  if (!verdict.intact) throw new Error(verdict.says)
  return records / ((performance.now() - began) / 1_000)
}
