import { fakeClock } from '@sallyport/testing/clock'
import { eventually } from '@sallyport/testing/eventually'
import { createLogger } from '@sallyport/telemetry/logger'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { AccessControl, Revocation } from '../clients/access-control.ts'
import { createConfirmGrant } from './confirm-grant.ts'
import { createRevocationFeed, type RevocationFeed } from './revocation-feed.ts'

type Message = { position: bigint; revocation: Revocation | undefined }

/** One connection after another, each ended or fed by the test. */
const fakeStream = () => {
  const asked: bigint[] = []
  let send: (message: Message | 'lost') => void = () => {}
  return {
    asked,
    send: (message: Message | 'lost') => send(message),
    watchRevocations: async function* (after: bigint, signal: AbortSignal) {
      const queue: (Message | 'lost')[] = []
      let wake = (): void => {}
      send = message => {
        queue.push(message)
        wake()
      }
      signal.addEventListener('abort', () => send('lost'))
      asked.push(after)
      for (;;) {
        const message = queue.shift()
        if (message === 'lost') throw new Error('lost')
        if (message) yield message
        else
          await new Promise<void>(resolve => {
            wake = resolve
          })
      }
    },
  }
}

const clock = fakeClock()
const grantId = 'g'
let stream: ReturnType<typeof fakeStream>
let feed: RevocationFeed
let stop: AbortController
let ended: string[]
let following: Promise<void>

beforeEach(async () => {
  stream = fakeStream()
  stop = new AbortController()
  ended = []
  feed = createRevocationFeed({
    accessControl: stream,
    onRevoked: async revocation => {
      ended.push(revocation.grantId)
      throw new Error('the database is away')
    },
    monotonic: () => clock.now().getTime(),
    log: createLogger('test', 'silent'),
  })
  following = feed.follow(stop.signal)
  await eventually(() => stream.asked.length === 1)
})
afterEach(async () => {
  stop.abort()
  await following
})

test('a lost feed is opened again where it broke', async () => {
  stream.send({ position: 8n, revocation: { tenantId: 't', grantId: 'other', reason: 'revoked' } })
  await eventually(() => feed.isRevoked('other'))
  stream.send('lost')
  await eventually(() => stream.asked.length === 2)
  expect(stream.asked).toEqual([0n, 8n])
})

test('a revoked grant is remembered even if its end could not be written yet', async () => {
  stream.send({ position: 8n, revocation: { tenantId: 't', grantId, reason: 'revoked' } })
  await eventually(() => feed.isRevoked(grantId))
  expect(ended).toEqual([grantId])
})

const grant = { tenantId: 't', grantId }
const confirmWith = (of: { revoked?: boolean; good: AccessControl['goodGrants'] }) =>
  createConfirmGrant({
    feed: { isRevoked: () => of.revoked ?? false },
    accessControl: { goodGrants: of.good },
  })

test('a grant is confirmed by asking, and otherwise refused', async () => {
  const unreachable = async (): Promise<string[]> => {
    throw new Error('away')
  }
  await confirmWith({ good: async () => [grantId] })(grant)
  const refusals = [
    [confirmWith({ good: async () => [] }), 'grant.revoked'],
    [confirmWith({ revoked: true, good: async () => [grantId] }), 'grant.revoked'],
    [confirmWith({ good: unreachable }), 'grant.unconfirmed'],
  ] as const
  for (const [confirm, reason] of refusals) await expect(confirm(grant)).rejects.toMatchObject({ reason })
})

test('who asks while a question is under way waits for the next one, which is asked for all of them', async () => {
  const questions: { ids: readonly string[]; answer: () => void }[] = []
  const confirm = confirmWith({
    good: (_tenant, ids) => new Promise(resolve => questions.push({ ids, answer: () => resolve(ids) })),
  })
  const first = confirm({ tenantId: 't', grantId: 'a' })
  await eventually(() => questions.length === 1)
  const later = [confirm({ tenantId: 't', grantId: 'b' }), confirm({ tenantId: 't', grantId: 'c' })]
  const elsewhere = confirm({ tenantId: 'u', grantId: 'd' })
  await eventually(() => questions.length === 2)
  questions[0]?.answer()
  await first
  await eventually(() => questions.length === 3)
  expect(questions.map(({ ids }) => ids)).toEqual([['a'], ['d'], ['b', 'c']])
  for (const { answer } of questions) answer()
  await Promise.all([...later, elsewhere])
})
