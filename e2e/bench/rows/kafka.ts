import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { openPool } from '@sallyport/database/pool'
import { pgTenantTransaction } from '@sallyport/database/transaction'
import type { EventDriver } from '@sallyport/events/driver'
import { type KafkaConnection, kafkaClient } from '@sallyport/events/kafka-client'
import { openKafkaLog } from '@sallyport/events/kafka-log'
import { createTopics } from '@sallyport/events/kafka-topics'
import { appendEvents, type NewEvent } from '@sallyport/events/outbox'
import { relayOutbox } from '@sallyport/events/relay'
import { type Kafka, startKafka } from '@sallyport/testing/kafka'
import { missingKafka } from '@sallyport/testing/kafka-jars'
import type { Producer } from 'kafkajs'
import { type BenchDatabase, openBenchDatabase } from '../bench-database.ts'
import { compare, type Contestant, quantile } from '../pairs.ts'
import { type Measurement, Missing, type Row } from '../row.ts'

const quiet = { error: () => {}, warn: () => {} }
const tenantId = randomUUID()
const payload = Buffer.alloc(400, 'x')
const atOnce = 500
const connection = ({ broker }: Kafka): KafkaConnection => ({ brokers: [broker], clientId: 'bench' })

/** Events from one side to the other: a way in, and what comes out by its id. */
type Way = AsyncDisposable & {
  /** Resolves when the sender may forget them. */
  readonly send: (ids: readonly string[]) => Promise<void>
  readonly onArrival: (arrived: (id: string) => void) => void
}

const newTopic = async (kafka: Kafka): Promise<string> => {
  const topic = `bench-${randomUUID()}`
  await createTopics(connection(kafka), [{ topic, partitions: 12, retentionDays: 1 }], quiet)
  return topic
}

/** Read by our subscription until it is disposed. */
const subscribed = (driver: EventDriver, topic: string, arrived: (id: string) => void): AsyncDisposable => {
  const stop = new AbortController()
  const handle = async (records: readonly { id: string }[]): Promise<void> => {
    for (const { id } of records) arrived(id)
  }
  const done = driver.subscribe({ group: randomUUID(), topics: [topic], handle, signal: stop.signal })
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await done
    },
  }
}

/** Committed to an outbox in PostgreSQL, moved by the relay, read by a subscription. */
const ours = async (database: BenchDatabase, kafka: Kafka): Promise<Way> => {
  await using stack = new AsyncDisposableStack()
  const topic = await newTopic(kafka)
  const open = (kind: 'app' | 'worker') =>
    stack.use(openPool({ url: database.url('vault', kind), applicationName: 'bench' }))
  const [app, worker] = [open('app'), open('worker')]
  const driver = stack.use(openKafkaLog({ connection: connection(kafka), log: quiet }))
  const stop = new AbortController()
  const relaying = relayOutbox({ pool: worker, driver, source: 'bench', log: quiet, signal: stop.signal })
  stack.defer(async () => {
    stop.abort()
    await relaying
  })
  let arrive: (id: string) => void = () => {}
  stack.use(subscribed(driver, topic, id => arrive(id)))
  const owned = stack.move()
  return {
    send: ids => {
      const events: NewEvent[] = ids.map(id => ({ id, topic, key: id, tenantId, type: 'Bench', payload }))
      return pgTenantTransaction(app, tenantId, sql => appendEvents(sql, events))
    },
    onArrival: arrived => {
      arrive = arrived
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** The same bytes, kafkajs alone, which remembers nothing but what the broker does. */
const bare = async (kafka: Kafka): Promise<Way> => {
  await using stack = new AsyncDisposableStack()
  const topic = await newTopic(kafka)
  const client = kafkaClient(connection(kafka), quiet)
  const producer: Producer = client.producer({ allowAutoTopicCreation: false, maxInFlightRequests: 1 })
  await producer.connect()
  stack.defer(() => producer.disconnect())
  let arrive: (id: string) => void = () => {}
  const consumer = client.consumer({ groupId: randomUUID(), maxWaitTimeInMs: 500 })
  await consumer.connect()
  stack.defer(() => consumer.disconnect())
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({
    eachBatch: async ({ batch }) => {
      for (const { headers } of batch.messages) arrive(String(headers?.['ce_id']))
    },
  })
  const owned = stack.move()
  return {
    send: async ids => {
      const messages = ids.map(id => ({ key: id, value: payload, headers: { ce_id: id, ...others } }))
      await producer.send({ topic, acks: -1, messages })
    },
    onArrival: arrived => {
      arrive = arrived
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

const others = {
  ce_specversion: '1.0',
  ce_source: 'bench',
  ce_type: 'Bench',
  ce_time: new Date().toISOString(),
  ce_tenantid: tenantId,
}

/** Events a second from the first that is sent to the last that arrives. Throws if one comes twice or not at all. */
const perSecond = async (way: Way, count: number): Promise<number> => {
  const ids = Array.from({ length: count }, (): string => randomUUID())
  const awaited = new Set(ids)
  const { promise: allArrived, resolve, reject } = Promise.withResolvers<void>()
  way.onArrival(id => {
    if (!awaited.delete(id)) reject(new Error('an event came twice'))
    if (awaited.size === 0) resolve()
  })
  const began = performance.now()
  for (let from = 0; from < count; from += atOnce) await way.send(ids.slice(from, from + atOnce))
  await Promise.race([allArrived, pause(60_000).then(() => reject(new Error(`${awaited.size} never came`)))])
  return count / ((performance.now() - began) / 1000)
}

/** Milliseconds of single events, one after the other. */
const latencies = async (way: Way, count: number): Promise<number[]> => {
  const times: number[] = []
  for (let event = 0; event < count; event += 1) {
    const { promise, resolve } = Promise.withResolvers<void>()
    way.onArrival(() => resolve())
    const began = performance.now()
    await way.send([randomUUID()])
    await promise
    times.push(performance.now() - began)
  }
  return times
}

export const row: Row = {
  id: 'KAFKA',
  title: 'from the outbox to the consumer through Kafka, beside kafkajs alone',
  run: async effort => {
    const missing = missingKafka()
    if (missing) throw new Missing(missing)
    await using stack = new AsyncDisposableStack()
    const database = stack.use(await openBenchDatabase())
    const kafka = stack.use(await startKafka())
    const [us, them] = [stack.use(await ours(database, kafka)), stack.use(await bare(kafka))]
    const count = effort.quick ? 5_000 : 50_000
    const contestant = (name: string, way: Way): Contestant => ({
      name,
      processes: [process.pid, database.pid],
      run: () => perSecond(way, count),
    })
    const compared = await compare(effort, contestant('ours', us), contestant('kafkajs alone', them))
    const single = effort.quick ? 100 : 1_000
    const [oursTook, theirsTook] = [await latencies(us, single), await latencies(them, single)]
    const latency = (name: string, share: number): Measurement => {
      const [value, peer] = [quantile(oursTook, share), quantile(theirsTook, share)]
      return {
        what: `one event at a time: ${name} (the relay looks every 100 ms)`,
        unit: 'ms',
        ours: { ...compared.ours, value },
        peer: { ...compared.peer, value: peer },
        ratio: value / peer,
        target: '≤ 2 × kafkajs alone',
        reached: value <= 2 * peer,
      }
    }
    return [
      {
        what: `${count.toLocaleString('en')} events of 400 bytes, ${atOnce} in a commit, outbox to handler`,
        unit: '/s',
        ...compared,
        target: '≥ 0.5 × kafkajs alone',
        reached: compared.ratio >= 0.5,
      },
      latency('p50', 0.5),
      latency('p99', 0.99),
    ]
  },
}
