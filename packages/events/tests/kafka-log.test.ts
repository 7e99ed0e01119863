import { createHook } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { type Cable, layCable } from '@sallyport/testing/cable'
import { eventually } from '@sallyport/testing/eventually'
import { type Kafka, startKafka } from '@sallyport/testing/kafka'
import { missingKafka } from '@sallyport/testing/kafka-jars'
import {
  type AclEntry,
  type Admin,
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  ResourcePatternTypes,
} from 'kafkajs'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { EventRecord } from '../src/event-record.ts'
import type { EventsLog } from '../src/event-log.ts'
import { type KafkaConnection, kafkaClient } from '../src/kafka-client.ts'
import { openKafkaLog } from '../src/kafka-log.ts'
import { createTopics } from '../src/kafka-topics.ts'
import { driverContract } from './driver-contract.ts'
import { quiet } from './fixtures.ts'

const missing = missingKafka()
/** A client gives up after some ten seconds, and a broker takes as long to start on a busy machine. */
const lasting = { timeout: 120_000 }
const users = { alice: 'of-alice', bob: 'of-bob' }

let kafka: Kafka
let cable: Cable
beforeAll(async () => {
  if (missing) return
  kafka = await startKafka(users, async port => {
    cable = await layCable(port)
    return cable.port
  })
})
afterAll(async () => {
  await kafka?.[Symbol.asyncDispose]()
  await cable?.[Symbol.asyncDispose]()
})

const connection = (): KafkaConnection => ({ brokers: [kafka.broker], clientId: 'test' })
const open = () => openKafkaLog({ connection: connection(), log: quiet })
const as = (username: keyof typeof users, password = users[username]): KafkaConnection => ({
  brokers: [kafka.secured.broker],
  clientId: 'test',
  tls: { authority: kafka.secured.authority },
  login: { username, password },
})

const newTopic = async (): Promise<string> => {
  const topic = randomUUID()
  await createTopics(connection(), [{ topic, partitions: 3, retentionDays: 1 }], quiet)
  return topic
}

const record = (topic: string, key = 'k'): EventRecord => ({
  id: randomUUID(),
  topic,
  key,
  tenantId: randomUUID(),
  type: 'T',
  source: 's',
  time: new Date(),
  payload: Buffer.alloc(1),
})

const administrator = async (): Promise<AsyncDisposable & { readonly admin: Admin }> => {
  const admin = kafkaClient(connection(), quiet).admin()
  await admin.connect()
  return { admin, [Symbol.asyncDispose]: () => admin.disconnect() }
}

const { LITERAL, PREFIXED } = ResourcePatternTypes

const right = (
  user: string,
  operation: AclOperationTypes,
  resourceName: string,
  resourcePatternType = LITERAL,
): AclEntry => ({
  resourceType: AclResourceTypes.TOPIC,
  resourceName,
  resourcePatternType,
  principal: `User:${user}`,
  host: '*',
  operation,
  permissionType: AclPermissionTypes.ALLOW,
})

const grant = async (acl: AclEntry[]): Promise<void> => {
  await using administration = await administrator()
  await administration.admin.createAcls({ acl })
}

driverContract('Kafka', open, { newTopic, missing })

type Reading = AsyncDisposable & { readonly seen: string[] }

type ReadingOptions = { readonly as?: KafkaConnection; readonly group?: string; readonly log?: EventsLog }

/** Reads until it is disposed. */
const reading = (topic: string, options: ReadingOptions = {}): Reading => {
  const { as: reader = connection(), group = randomUUID(), log = quiet } = options
  const driver = openKafkaLog({ connection: reader, log })
  const controller = new AbortController()
  const seen: string[] = []
  const handle = async (records: readonly EventRecord[]): Promise<void> => {
    seen.push(...records.map(({ id }) => id))
  }
  const done = driver.subscribe({ group, topics: [topic], handle, signal: controller.signal })
  return {
    seen,
    [Symbol.asyncDispose]: async () => {
      controller.abort()
      await done
      await driver[Symbol.asyncDispose]()
    },
  }
}

/** How many timers are started in a second, by whomever in this process. */
const timersInASecond = async (): Promise<number> => {
  let count = 0
  const hook = createHook({
    init: (_id, type) => {
      if (type === 'Timeout') count += 1
    },
  })
  hook.enable()
  await pause(1_000)
  hook.disable()
  return count
}

describe('Kafka', () => {
  beforeEach(context => {
    if (missing) context.skip(missing)
  })

  it(
    'loses nothing that was acknowledged when it is killed, and its subscribers come back',
    lasting,
    async () => {
      const topic = await newTopic()
      await using driver = open()
      await using reader = reading(topic)
      const acknowledged: string[] = []
      const publish = async (): Promise<void> => {
        const one = record(topic)
        await driver.publish([one])
        acknowledged.push(one.id)
      }
      for (let count = 0; count < 20; count += 1) await publish()
      await kafka.kill()
      const refused = await publish().then(
        () => 'taken',
        () => 'refused',
      )
      await kafka.start()
      await eventually(
        () =>
          publish().then(
            () => true,
            () => false,
          ),
        60_000,
      )
      await eventually(() => acknowledged.every(id => reader.seen.includes(id)), 60_000)
      expect(refused).toBe('refused')
    },
  )

  it('is found again when the way to it has gone silent', lasting, async () => {
    const topic = await newTopic()
    await using driver = open()
    await using reader = reading(topic)
    const [one, other] = [record(topic), record(topic)]
    await driver.publish([one])
    await eventually(() => reader.seen.includes(one.id))
    cable.silence()
    await driver.publish([other])
    await eventually(() => reader.seen.includes(other.id), 60_000)
  })

  it('refuses what has no topic, and takes it once there is one', async () => {
    const topic = randomUUID()
    await using driver = open()
    const one = record(topic)
    await expect(driver.publish([one])).rejects.toThrow(/topic-partition/)
    await createTopics(connection(), [{ topic, partitions: 1, retentionDays: 1 }], quiet)
    await driver.publish([one])
    await using reader = reading(topic)
    await eventually(() => reader.seen.includes(one.id))
  })

  it('waits for a topic that is made after the subscription', async () => {
    const topic = randomUUID()
    let tries = 0
    await using reader = reading(topic, { log: { ...quiet, warn: () => void (tries += 1) } })
    await eventually(() => tries > 0)
    await createTopics(connection(), [{ topic, partitions: 1, retentionDays: 1 }], quiet)
    await using driver = open()
    const one = record(topic)
    await driver.publish([one])
    await eventually(() => reader.seen.includes(one.id), 30_000)
  })

  it('makes a topic on demand, as it is to be, with the rights that docs/kafka.md names', async () => {
    const prefix = `${randomUUID()}.`
    const topic = `${prefix}acme`
    const { CREATE, DESCRIBE, WRITE } = AclOperationTypes
    await grant([CREATE, DESCRIBE, WRITE].map(operation => right('alice', operation, prefix, PREFIXED)))
    const topicOnDemand = (wanted: string) =>
      wanted === topic ? { topic, partitions: 5, retentionDays: 2 } : undefined
    for (let time = 0; time < 2; time += 1) {
      await using driver = openKafkaLog({ connection: as('alice'), log: quiet, topicOnDemand })
      await driver.publish([record(topic)])
      await expect(driver.publish([record(`${prefix}other`)])).rejects.toThrow()
    }
    await using administration = await administrator()
    const { topics } = await administration.admin.fetchTopicMetadata({ topics: [topic] })
    expect(topics[0]?.partitions).toHaveLength(5)
  })

  it('passes over what is no event of ours, says so, and goes on', async () => {
    const topic = await newTopic()
    const told: object[] = []
    const log = { ...quiet, error: (fields: object) => void told.push(fields) }
    const producer = kafkaClient(connection(), quiet).producer()
    await producer.connect()
    await producer.send({
      topic,
      messages: [
        { key: 'k', value: 'not ours' },
        { key: null, value: null },
      ],
    })
    await producer.disconnect()
    await using driver = open()
    const one = record(topic)
    await driver.publish([one])
    await using reader = reading(topic, { log })
    // The client complains of other things too, and may get what was not acknowledged once more.
    const passedOver = () => told.filter(fields => 'offset' in fields)
    await eventually(() => reader.seen.length > 0 && passedOver().length >= 2)
    expect(new Set(reader.seen)).toEqual(new Set([one.id]))
    expect(told).toContainEqual(expect.objectContaining({ topic, offset: '0' }))
  })

  it('carries more than a broker takes at once', async () => {
    const topic = await newTopic()
    await using driver = open()
    const records = Array.from({ length: 40 }, () => ({
      ...record(topic),
      payload: Buffer.alloc(100_000, 1),
    }))
    await driver.publish(records)
    await using reader = reading(topic)
    await eventually(() => reader.seen.length >= records.length)
    expect(reader.seen).toEqual(records.map(({ id }) => id))
  })

  it('leaves the processor alone while there is nothing to do', async () => {
    const topic = await newTopic()
    await using driver = open()
    await using reader = reading(topic)
    await driver.publish([record(topic)])
    await eventually(() => reader.seen.length > 0)
    // kafkajs without its patch starts some 900 on each of the connections.
    expect(await timersInASecond()).toBeLessThan(50)
  })

  it('lets nobody in with a wrong password, or without TLS', async () => {
    const topic = await newTopic()
    await using wrong = openKafkaLog({ connection: as('alice', 'guessed'), log: quiet })
    await expect(wrong.publish([record(topic)])).rejects.toThrow(/authentication/i)
    const { tls: _, ...inClear } = as('alice')
    await using clear = openKafkaLog({ connection: inClear, log: quiet })
    await expect(clear.publish([record(topic)])).rejects.toThrow()
    const { authority: __, ...distrusted } = { ...as('alice'), authority: undefined, tls: {} }
    await using strangers = openKafkaLog({ connection: distrusted, log: quiet })
    await expect(strangers.publish([record(topic)])).rejects.toThrow(/certificate/i)
  })

  it('shows a topic to those only whom its ACL names', async () => {
    const [ofAlice, ofBob] = [await newTopic(), await newTopic()]
    const { READ } = AclOperationTypes
    await grant([
      right('alice', READ, ofAlice),
      right('bob', READ, ofBob),
      ...['alice', 'bob'].map(user => ({
        ...right(user, READ, `sallyport.${user}`),
        resourceType: AclResourceTypes.GROUP,
      })),
    ])
    await using driver = open()
    const [one, other] = [record(ofAlice), record(ofBob)]
    await driver.publish([one, other])
    const refusals: unknown[] = []
    const log = { ...quiet, warn: (fields: object) => void refusals.push(fields) }
    await using own = reading(ofAlice, { as: as('alice'), group: 'alice' })
    await using rightful = reading(ofBob, { as: as('bob'), group: 'bob' })
    await using foreign = reading(ofBob, { as: as('alice'), group: 'alice', log })
    await eventually(() => own.seen.length > 0 && rightful.seen.length > 0 && refusals.length > 0)
    await using writer = openKafkaLog({ connection: as('bob'), log: quiet })
    await expect(writer.publish([record(ofBob)])).rejects.toThrow(/authorized/i)
    expect(own.seen).toEqual([one.id])
    expect(foreign.seen).toEqual([])
  })
})
