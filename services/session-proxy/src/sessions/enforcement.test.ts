import { fakeClock } from '@sallyport/testing/clock'
import { describe, expect, it } from 'vitest'
import type { SessionEnd } from '../domain/session-end.ts'
import { grantConfirmer, watchWindows } from './enforcement.ts'
import { type LiveSession, liveSession } from './live-session.ts'
import { liveSessions } from './live-sessions.ts'

const start = new Date('2026-11-21T10:00:00Z')

const session = (
  grantId: string,
  endsAt = new Date('2026-11-21T18:00:00Z'),
): LiveSession & { marks: string[] } => {
  const marks: string[] = []
  const recorder = {
    header: '',
    output: async () => undefined,
    resize: async () => undefined,
    mark: async (text: string) => void marks.push(text),
    flush: async () => undefined,
    end: async () => ({ segments: 1, bytes: 0 }),
    onFailure: () => undefined,
    onLines: () => undefined,
    backlog: 0,
  }
  const facts = {
    id: grantId,
    tenantId: 'tenant',
    userId: 'user',
    userName: 'alice',
    loginSessionId: 'login',
    sourceAddress: '192.0.2.1',
    credentialId: 'credential',
    deviceId: 'device',
    targetName: 'root@web-1',
    grantId,
    requestId: '',
    protocol: 'ssh',
    kind: 'shell',
    command: '',
    startedAt: start,
    endsAt,
  } as const
  return Object.assign(liveSession(facts, recorder), { marks })
}

const scene = (live: LiveSession[]) => {
  const clock = fakeClock(start)
  const sessions = liveSessions()
  for (const one of live) sessions.add(one)
  const state = {
    healthy: true,
    reachable: true,
    good: new Set(live.map(one => one.facts.grantId)),
    asked: 0,
  }
  const confirm = grantConfirmer({
    sessions,
    steadyNow: () => clock.now().getTime(),
    log: { warn: () => undefined },
    watch: { isHealthy: () => state.healthy },
    revocations: {
      check: async () => {
        state.asked += 1
        if (!state.reachable) throw new Error('unreachable')
        return { good: state.good, endedReasons: new Map([['b', 'Revoked by carol.']]) }
      },
    },
  })
  const pass = async (seconds: number): Promise<void> => {
    for (let passed = 0; passed < seconds; passed += 1) {
      clock.advance(1_000)
      await confirm()
    }
  }
  return { clock, sessions, state, pass, confirm }
}

const reasons = (...live: LiveSession[]): (SessionEnd['reason'] | undefined)[] =>
  live.map(one => one.endedBy()?.reason)

describe('while the stream of revocations speaks', () => {
  it('asks once when it begins, and then about nothing', async () => {
    const [a, b] = [session('a'), session('b')]
    const { state, pass } = scene([a, b])
    await pass(60)
    expect(state.asked).toBe(1)
    expect(reasons(a, b)).toEqual([undefined, undefined])
  })

  it('ends what was revoked while nobody heard', async () => {
    const [a, b] = [session('a'), session('b')]
    const { state, pass } = scene([a, b])
    state.good.delete('b')
    await pass(1)
    expect(reasons(a, b)).toEqual([undefined, 'revoked'])
    expect(b.endedBy()?.detail).toBe('Revoked by carol.')
  })
})

describe('while the stream of revocations is lost', () => {
  it('asks every three seconds, and ends what is no longer good', async () => {
    const [a, b] = [session('a'), session('b')]
    const { state, pass } = scene([a, b])
    await pass(1)
    state.healthy = false
    await pass(30)
    expect(state.asked).toBe(11)
    expect(reasons(a, b)).toEqual([undefined, undefined])
    state.good.delete('b')
    await pass(3)
    expect(reasons(a, b)).toEqual([undefined, 'revoked'])
  })

  it('ends what nobody has confirmed for more than ten seconds, and not before', async () => {
    const a = session('a')
    const { state, pass } = scene([a])
    await pass(1)
    state.healthy = false
    state.reachable = false
    await pass(10)
    expect(reasons(a)).toEqual([undefined])
    await pass(1)
    expect(reasons(a)).toEqual(['revoked'])
  })
})

describe('a window', () => {
  it('warns five minutes and one minute before its end, once each, and then ends the session', () => {
    const a = session('a', new Date(start.getTime() + 600_000))
    const { clock, sessions } = scene([a])
    for (let second = 0; second < 599; second += 1) {
      clock.advance(1_000)
      watchWindows(sessions, clock.now())
    }
    expect(a.marks).toEqual([
      'This session ends in 5 minutes, at the end of its window.',
      'This session ends in 1 minute, at the end of its window.',
    ])
    expect(reasons(a)).toEqual([undefined])
    clock.advance(1_000)
    watchWindows(sessions, clock.now())
    expect(reasons(a)).toEqual(['window-over'])
  })
})
