import { fakeClock } from '@sallyport/testing/clock'
import { eventually } from '@sallyport/testing/eventually'
import { createLogger } from '@sallyport/telemetry/logger'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Revocation } from '../clients/access-control.ts'
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
const later = (seconds: number): Date => new Date(clock.now().getTime() + seconds * 1000)
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
    now: clock.now,
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

const heartbeat = async (position: bigint): Promise<void> => {
  stream.send({ position, revocation: undefined })
  await eventually(() => feed.covers(later(3600)))
}

test('the feed vouches for grants issued clearly after it was opened, and for no others', async () => {
  expect(feed.covers(later(3600))).toBe(false)
  await heartbeat(7n)
  expect(feed.covers(later(10))).toBe(true)
  expect(feed.covers(later(9))).toBe(false)
})

test('the feed vouches for nothing once it has been silent for two seconds', async () => {
  await heartbeat(7n)
  clock.advance(2_000)
  expect(feed.covers(later(60))).toBe(true)
  clock.advance(1)
  expect(feed.covers(later(60))).toBe(false)
})

test('a lost feed is opened again where it broke, and goes on vouching', async () => {
  const issued = later(10)
  await heartbeat(7n)
  stream.send('lost')
  await eventually(() => stream.asked.length === 2)
  expect(stream.asked).toEqual([0n, 7n])
  clock.advance(20_000)
  stream.send({ position: 7n, revocation: undefined })
  await eventually(() => feed.covers(issued))
})

test('a feed that had nothing to continue from starts anew, and does not vouch for the gap', async () => {
  const issued = later(10)
  await heartbeat(0n)
  stream.send('lost')
  await eventually(() => stream.asked.length === 2)
  clock.advance(20_000)
  await heartbeat(0n)
  expect(stream.asked).toEqual([0n, 0n])
  expect(feed.covers(issued)).toBe(false)
})

test('a revoked grant is remembered even if its end could not be written yet', async () => {
  stream.send({ position: 8n, revocation: { tenantId: 't', grantId, reason: 'revoked' } })
  await eventually(() => feed.isRevoked(grantId))
  expect(ended).toEqual([grantId])
})

const grant = { tenantId: 't', grantId, issuedAt: new Date(0) }
const confirmWith = (of: { revoked?: boolean; covers?: boolean; good: () => Promise<string[]> }) =>
  createConfirmGrant({
    feed: { isRevoked: () => of.revoked ?? false, covers: () => of.covers ?? false },
    accessControl: { goodGrants: of.good },
  })

test('a grant is confirmed by the feed or by asking, and otherwise refused', async () => {
  const unreachable = async (): Promise<string[]> => {
    throw new Error('away')
  }
  await confirmWith({ covers: true, good: unreachable })(grant)
  await confirmWith({ good: async () => [grantId] })(grant)
  const refusals = [
    [confirmWith({ good: async () => [] }), 'grant.revoked'],
    [confirmWith({ revoked: true, covers: true, good: async () => [grantId] }), 'grant.revoked'],
    [confirmWith({ good: unreachable }), 'grant.unconfirmed'],
  ] as const
  for (const [confirm, reason] of refusals) await expect(confirm(grant)).rejects.toMatchObject({ reason })
})
