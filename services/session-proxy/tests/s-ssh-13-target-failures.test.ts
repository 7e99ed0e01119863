import { newSshKey } from '@sallyport/targets/new-ssh-key'
import { eventually } from '@sallyport/testing/eventually'
import { counted, figure } from '@sallyport/testing/proof'
import type { Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { publicPart } from './support/door-to-sshd.ts'
import type { TargetFacts } from './support/fakes.ts'
import { type Proxy, startProxy } from './support/proxy.ts'
import { rawTarget, scriptedTarget } from './support/scripted-target.ts'
import { visit, type Visitor } from './support/visitor.ts'

const LIVE = counted(200, 20)
const FAILURES = counted(1_000, 36)
const SESSIONS_OF_ONE_CONNECTION = 10

type Kind = { readonly what: string; readonly facts: () => TargetFacts; readonly cause: RegExp }

describe('S-SSH-13: a device that fails harms no other session, and the trail says how it failed', () => {
  const stack = new AsyncDisposableStack()
  const visitors: Visitor[] = []
  let facts: () => TargetFacts
  let proxy: Proxy
  let kinds: Kind[]

  beforeAll(async () => {
    const good = stack.use(
      await scriptedTarget({
        command: channel => channel.on('data', (bytes: Buffer) => channel.write(bytes)),
      }),
    )
    facts = good.facts
    proxy = stack.use(await startProxy(() => facts()))
    kinds = await failures(stack, good.facts)
    while (visitors.length * SESSIONS_OF_ONE_CONNECTION < LIVE) visitors.push(await visit(proxy.sshPort()))
    stack.defer(() => {
      for (const visitor of visitors) visitor[Symbol.dispose]()
    })
  }, 300_000)
  afterAll(() => stack.disposeAsync())

  it('tells twelve kinds of failure apart, while other sessions go on', async () => {
    const channels = await Promise.all(
      visitors.flatMap(visitor =>
        Array.from({ length: Math.min(SESSIONS_OF_ONE_CONNECTION, LIVE) }, () => visitor.open('echo')),
      ),
    )
    let lost = 0
    const echoed = channels.map(channel => {
      const heard: Buffer[] = []
      channel.on('data', (bytes: Buffer) => heard.push(bytes)).on('close', () => (lost += 1))
      return () => Buffer.concat(heard).toString()
    })
    const said = async (word: string): Promise<void> => {
      for (const channel of channels) channel.write(word)
      await eventually(() => echoed.every(heard => heard().endsWith(word)), 30_000)
    }
    await said('before')

    const unlucky = await visit(proxy.sshPort())
    stack.use(unlucky)
    for (let round = 0; round < FAILURES; round += 1) {
      const kind = kinds[round % kinds.length]
      if (kind === undefined) throw new Error('There is no kind')
      facts = kind.facts
      const { stderr, status } = await unlucky.exec('fail')
      expect(stderr, kind.what).toMatch(kind.cause)
      expect(status, kind.what).toBe(1)
      if (round % kinds.length === 0) await said(`round ${round}`)
    }
    await said('after')
    expect(lost).toBe(0)

    const reasons = (): string[] =>
      proxy.audited('session.failed').map(event => String(detailsOf(event.details)['reason']))
    await eventually(() => reasons().length >= FAILURES, 60_000)
    reasons().forEach((reason, index) => {
      expect(reason).toMatch(kinds[index % kinds.length]?.cause ?? /never/)
    })
    figure(
      'S-SSH-13',
      `${FAILURES} failures of ${kinds.length} kinds during ${channels.length} live sessions: ${lost} lost, each audited with its cause`,
    )
  }, 900_000)
})

const detailsOf = (details: unknown): Record<string, unknown> =>
  typeof details === 'object' && details !== null ? Object.fromEntries(Object.entries(details)) : {}

const failures = async (stack: AsyncDisposableStack, good: () => TargetFacts): Promise<Kind[]> => {
  const raw = async (connected: (socket: Socket) => void): Promise<() => TargetFacts> =>
    stack.use(await rawTarget(connected)).facts
  const scripted = async (script: Parameters<typeof scriptedTarget>[0]): Promise<() => TargetFacts> =>
    stack.use(await scriptedTarget(script)).facts
  const otherKey = publicPart(newSshKey().public)
  return [
    { what: 'refused', facts: () => ({ ...good(), port: 1 }), cause: /refused the connection/ },
    {
      what: 'no such name',
      facts: () => ({ ...good(), address: 'no-such-host.invalid' }),
      cause: /cannot be reached/,
    },
    { what: 'no pinned key', facts: () => ({ ...good(), hostKeys: [] }), cause: /No host key is pinned/ },
    {
      what: 'another host key',
      facts: () => ({ ...good(), hostKeys: [otherKey] }),
      cause: /pinned host keys/,
    },
    {
      what: 'sign-in refused',
      facts: await scripted({ accepts: false }),
      cause: /did not accept the credential/,
    },
    {
      what: 'closed at once',
      facts: await raw(socket => socket.end()),
      cause: /broke off or did not speak SSH/,
    },
    { what: 'reset at once', facts: await raw(socket => socket.resetAndDestroy()), cause: /broke off/ },
    {
      what: 'closed in the key exchange',
      facts: await raw(socket => {
        socket.write('SSH-2.0-hostile\r\n')
        socket.once('data', () => socket.end())
      }),
      cause: /broke off/,
    },
    {
      what: 'garbage',
      facts: await raw(socket => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'.repeat(3_000))),
      cause: /did not speak SSH/,
    },
    {
      what: 'broken off after sign-in',
      facts: await scripted({ connected: connection => connection.on('ready', () => connection.end()) }),
      cause: /broke off/,
    },
    {
      what: 'command refused',
      facts: await scripted({ session: session => session.removeAllListeners('exec') }),
      cause: /refused to start/,
    },
    {
      what: 'reset in a transfer',
      facts: await scripted({
        command: (channel, _command, connection) => {
          const socket: Socket = Reflect.get(connection, '_sock')
          channel.write(Buffer.alloc(100_000, 'x'), () => socket.resetAndDestroy())
        },
      }),
      cause: /connection to the device was lost/,
    },
  ]
}
