import { randomBytes, randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { trailTopic } from '@sallyport/audit/events/published'
import { kafkaClient } from '@sallyport/events/kafka-client'
import { serviceNames } from '@sallyport/identity/services'
import { type Person, signInFirst } from '@sallyport/standalone/demo/person'
import { createPerson } from '@sallyport/standalone/demo/scene'
import { verifyTrail } from '@sallyport/standalone/demo/verify-trail'
import { attributeCatalogue } from '@sallyport/telemetry/span-catalogue'
import { type MetricRow, metricCatalogue } from '@sallyport/telemetry/metric-catalogue'
import { findProgram } from '@sallyport/targets/find-program'
import { eventually } from '@sallyport/testing/eventually'
import { type Kafka, startKafka } from '@sallyport/testing/kafka'
import { missingKafka } from '@sallyport/testing/kafka-jars'
import { type CollectedSpan, openSpanCollector, type SpanCollector } from '@sallyport/testing/span-collector'
import {
  type AclEntry,
  type Admin,
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  ResourcePatternTypes,
} from 'kafkajs'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openKcat } from './support/kcat.ts'
import { startSessions } from './support/load/sessions.ts'
import { type Processes, startProcesses } from './support/processes.ts'
import { startProgram } from './support/program.ts'
import { operationsOf, setPolicy } from './support/rotation.ts'
import { onKafka } from './support/service-environment.ts'
import { openSmallHost } from './support/small-host.ts'
import { allow, guard } from './support/stage.ts'
import { pathsOf, treeOf } from './support/trace-tree.ts'

type Trail = { readonly items: readonly { readonly sequence: number; readonly code: string }[] }

const siem = { username: 'siem-of-acme', password: 'of-no-worth' }
const stack = new AsyncDisposableStack()
let missing: string | undefined
let kafka: Kafka
let collector: SpanCollector
let platform: Processes
let admin: Person
let tenantId: string
let created: string

/** What an operator does before the first start. */
const createTopics = async (): Promise<string> => {
  await using program = startProgram('services/audit/src/topics-main.ts', [], { env: onKafka(kafka.broker) })
  expect(await program.exit).toBe(0)
  return program.printed()
}

beforeAll(async () => {
  missing = missingKafka() ?? ((await findProgram('kcat')) ? undefined : 'needs kcat (Debian: kcat)')
  if (missing) return
  kafka = stack.use(await startKafka({ [siem.username]: siem.password }))
  created = await createTopics()
  collector = stack.use(await openSpanCollector())
  const traced = { SALLYPORT_OTLP_ENDPOINT: collector.endpoint, SALLYPORT_TRACE_RATIO: '1' }
  const environment = Object.fromEntries(serviceNames.map(name => [name, traced]))
  platform = stack.use(await startProcesses({ broker: kafka.broker, environment }))
  const { apiUrl, initialPassword } = platform
  admin = await signInFirst(apiUrl, { userName: 'admin', initialPassword })
  tenantId = (await admin.api.get<{ tenantId: string }>('/me')).tenantId
})
afterAll(() => stack.disposeAsync())
beforeEach(context => {
  if (missing) context.skip(missing)
})

const recorded = async (code: string): Promise<number> =>
  (await admin.api.get<Trail>(`/audit/records?limit=200&code=${code}`)).items.length

const asOperator = async <T>(work: (admin: Admin) => Promise<T>): Promise<T> => {
  const connection = { brokers: [kafka.broker], clientId: 'operator' }
  const client = kafkaClient(connection, { error() {}, warn() {} }).admin()
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.disconnect()
  }
}

/** Lets the SIEM's user read one topic, as docs/kafka.md tells an operator. */
const letRead = (topic: string): Promise<unknown> => {
  const right: AclEntry = {
    resourceType: AclResourceTypes.TOPIC,
    resourceName: topic,
    resourcePatternType: ResourcePatternTypes.LITERAL,
    principal: `User:${siem.username}`,
    host: '*',
    operation: AclOperationTypes.READ,
    permissionType: AclPermissionTypes.ALLOW,
  }
  return asOperator(operator => operator.createAcls({ acl: [right] }))
}

/** In the order of their first appearance: a relay that is cut off publishes again. */
const sequencesOf = (lines: readonly string[]): number[] => [
  ...new Set(lines.map(line => (JSON.parse(line) as { metadata: { sequence: number } }).metadata.sequence)),
]

const newest = async (): Promise<number> => {
  const { items } = await admin.api.get<Trail>('/audit/records?limit=200')
  return Math.max(...items.map(({ sequence }) => sequence))
}

/** All that stands in the trail now is in the topic, from its first record on and in order. */
const expectWholeTopic = async (): Promise<void> => {
  await using kcat = await openKcat(kafka, siem)
  const count = await newest()
  const read = async (): Promise<number[]> => sequencesOf(await kcat.read(trailTopic(tenantId)))
  const sequences = await eventually(async () => {
    const some = await read()
    return some.length >= count && some
  }, 60_000)
  expect(sequences).toEqual(sequences.map((_, index) => index + 1))
}

/** What is there of the trace that a client's own is linked to. */
const traceLinkedTo = (theirs: string): readonly CollectedSpan[] => {
  const root = collector.spans().find(({ linkedTraceIds }) => linkedTraceIds.includes(theirs))
  return collector.spans().filter(({ traceId }) => traceId === root?.traceId)
}

/** What docs/tracing.md shows. */
const documentedTrace = async (): Promise<string[]> => {
  const page = await readFile(join(import.meta.dirname, '../docs/tracing.md'), 'utf8')
  return (/```trace\n([\s\S]*?)\n```/.exec(page)?.[1] ?? '').split('\n')
}

/** The names of what is told within a span of this name, in the trace that has all of them. */
const expectWithin = async (name: string, inner: readonly string[]): Promise<void> => {
  await eventually(() => {
    const roots = collector.spans().filter(span => span.name === name)
    return roots.some(({ traceId }) => {
      const names = new Set(collector.spans().flatMap(span => (span.traceId === traceId ? [span.name] : [])))
      return inner.every(one => names.has(one))
    })
  }, 30_000)
}

describe('The platform as processes of their own, with Kafka between them', () => {
  it('has the topics that its operator made, and says so the second time', async () => {
    expect(created).toMatch(/^sallyport\.vault\.v1: created, 12 partitions, 7 days$/m)
    expect(await createTopics()).toMatch(/^sallyport\.audit-intake\.v1: exists, and stays as it is$/m)
  })

  it('tells its metrics, each service those that the catalogue says', async () => {
    await admin.api.get('/devices')
    for (const service of serviceNames) {
      const text = await platform.metrics(service)
      const told = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name))
      const due = Object.entries(metricCatalogue).filter(
        ([, row]: [string, MetricRow]) => row.services === 'all' || row.services.includes(service),
      )
      // What counts events is there from the first one on.
      const gauges = due.filter(([, { kind }]) => kind === 'gauge').map(([name]) => name)
      expect([...told], service).toEqual(expect.arrayContaining(gauges))
      expect(
        due.map(([name]) => name),
        service,
      ).toEqual(expect.arrayContaining([...told]))
    }
    const listed = /^sallyport_rpc_requests_total\{method="DeviceService\/ListDevices",outcome="ok"\} [1-9]/m
    expect(await platform.metrics('vault')).toMatch(listed)
    expect(await platform.metrics('gateway')).toContain('{route="GET /v1/devices",status="200"}')
    expect(await platform.metrics('audit')).toMatch(/^sallyport_audit_destinations_failing 0$/m)
    await eventually(async () =>
      (await platform.metrics('audit')).includes('sallyport_event_delay_seconds_count{group="audit"}'),
    )
  })

  it('changes a password after the session that used it: the event came through', async () => {
    await using host = await openSmallHost()
    const guarded = await guard(admin.api, host, 'through kafka')
    const alice = await createPerson(admin.api, 'alice', 'user')
    await allow(admin.api, 'through kafka', [alice], { session: { allowed: true } })
    await setPolicy(admin.api, guarded, { afterSession: true })
    const target = { username: host.account.username, deviceName: guarded.deviceName }
    await using sessions = startSessions(platform, [alice], target)
    await eventually(() => sessions.succeeded() > 0)
    await sessions[Symbol.asyncDispose]()
    const changed = async (): Promise<boolean> =>
      (await operationsOf(admin.api, guarded)).some(
        ({ trigger, state }) => trigger === 'session' && state === 'succeeded',
      )
    await eventually(changed, 60_000)
    const allowed = /^sallyport_decisions_total\{action="session",outcome="allowed"\} [1-9]/m
    expect(await platform.metrics('access-control')).toMatch(allowed)
  })

  it('tells one trace from a request to the consumers of its event, as documented', async () => {
    const connectivities = [{ protocol: 'ssh', port: 22 }]
    const draft = { name: 'traced', address: '192.0.2.7', type: 'linux-server', tags: [], connectivities }
    const device = await admin.api.post<{ id: string }>('/devices', draft)
    const theirs = randomBytes(16).toString('hex')
    const answer = await fetch(`${platform.apiUrl}/v1/devices/${device.id}`, {
      method: 'PATCH',
      headers: {
        authorization: `Bearer ${admin.api.token}`,
        'content-type': 'application/json',
        'if-match': '"1"',
        // They wish that it is not kept; that is not theirs to decide.
        traceparent: `00-${theirs}-${'1'.repeat(16)}-00`,
      },
      body: JSON.stringify({ tags: ['traced'] }),
    })
    expect(answer.status).toBe(200)
    const documented = pathsOf(await documentedTrace())
    await eventually(() => {
      const tree = treeOf(traceLinkedTo(theirs))
      expect([...pathsOf(tree)], tree.join('\n')).toEqual(expect.arrayContaining([...documented]))
      return true
    }, 30_000)
    const spans = traceLinkedTo(theirs)
    const root = spans.find(({ parentSpanId }) => parentSpanId === undefined)
    expect(root?.attributes).toEqual({
      'http.request.method': 'PATCH',
      'http.route': '/v1/devices/:id',
      'http.response.status_code': 200,
    })
  })

  it('tells the traces of sessions and of attempts, and nothing of whom or what they were for', async () => {
    await expectWithin('session', [
      'admission',
      'connection',
      'sallyport.vault.v1.SecretService/ReleaseSecret',
    ])
    await expectWithin('attempt', ['transaction', 'publish RotationEnded', 'publish AuditEvent'])
    const received = collector.received()
    for (const secret of [admin.password, platform.initialPassword, admin.api.token, tenantId, admin.userId])
      expect(received).not.toContain(secret)
    for (const name of ['alice', 'traced"', '192.0.2.7', 'through kafka', 'Bearer', platform.directory])
      expect(received).not.toContain(name)
    expect(received).not.toMatch(/[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}/)
    const attributes = new Set(collector.spans().flatMap(span => Object.keys(span.attributes)))
    expect(Object.keys(attributeCatalogue)).toEqual(expect.arrayContaining([...attributes]))
  })

  it('gives a tenant’s SIEM its trail without a gap, and nobody else’s', async () => {
    const tenant = `tenant-${randomUUID().slice(0, 8)}`
    const other = await admin.api.post<{ tenant: { id: string }; initialPassword: string }>('/tenants', {
      name: tenant,
      administratorUserName: 'their-admin',
    })
    // Who signs in leaves the first records of the other trail.
    const { initialPassword } = other
    await signInFirst(platform.apiUrl, { tenant, userName: 'their-admin', initialPassword })
    await letRead(trailTopic(tenantId))
    await expectWholeTopic()
    const theirs = trailTopic(other.tenant.id)
    await eventually(
      async () => (await asOperator(operator => operator.listTopics())).includes(theirs),
      30_000,
    )
    await using kcat = await openKcat(kafka, siem)
    await expect(kcat.read(theirs)).rejects.toThrow(/authoriz/i)
  })

  it('goes on without its broker, and loses nothing of what happened meanwhile', async () => {
    const devices = await recorded('device.created')
    await kafka.kill()
    const names = Array.from({ length: 20 }, (_, index) => `made-in-silence-${index}`)
    for (const name of names)
      await admin.api.post('/devices', {
        name,
        address: '192.0.2.1',
        type: 'linux-server',
        tags: [],
        connectivities: [{ protocol: 'ssh', port: 22 }],
      })
    expect(await recorded('device.created')).toBe(devices)
    // It does its work, and says what it lacks.
    const health = await eventually(async () => {
      const found = await platform.health('vault')
      return found.status === 'degraded' && found
    })
    expect(health.missing).toEqual(['event log'])
    await kafka.start()
    await eventually(async () => (await recorded('device.created')) === devices + names.length, 90_000)
    await eventually(async () => (await platform.health('vault')).status === 'ok', 30_000)
    await expectWholeTopic()
    expect(await verifyTrail(platform)).toMatchObject({ intact: true })
  })
})
