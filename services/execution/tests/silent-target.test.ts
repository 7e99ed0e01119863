import type { AddressInfo } from 'node:net'
import { Secret } from '@sallyport/crypto/secret'
import { createEgress } from '@sallyport/egress/egress'
import { laptopRules } from '@sallyport/egress/rules'
import { newSshKey } from '@sallyport/targets/new-ssh-key'
import ssh2 from 'ssh2'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseTemplate } from '../src/domain/template/parse.ts'
import { logCapture } from '../src/executors/log-capture.ts'
import { sshExecutor } from '../src/executors/ssh/ssh-executor.ts'

const egress = createEgress(laptopRules)
const never = new AbortController().signal

type Manner = 'opens no channel' | 'takes no input'

/** A target that lets anybody in, keeps the connection alive, and then holds up whoever came. */
const startSilentTarget = async (manner: () => Manner) => {
  const pair = newSshKey()
  const key = ssh2.utils.parseKey(pair.public)
  if (key instanceof Error) throw key
  const connections = new Set<ssh2.Connection>()
  const server = new ssh2.Server({ hostKeys: [pair.private] }, connection => {
    connections.add(connection)
    connection.on('error', () => undefined)
    connection.on('authentication', context => context.accept())
    connection.on('session', accept => {
      if (manner() === 'opens no channel') return
      giveNoWindow(connection)
      accept().on('exec', open => void open())
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', () => resolve()))
  return {
    target: {
      address: '127.0.0.1',
      // A listening TCP server's address is never a path.
      port: (server.address() as AddressInfo).port,
      hostKeys: [key.getPublicSSH()],
    },
    [Symbol.asyncDispose]: () =>
      new Promise<void>(resolve => {
        for (const connection of connections) connection.end()
        server.close(() => resolve())
      }),
  }
}

type Confirm = (theirs: number, ours: number, window: number, packet: number) => void

/** Whoever opens a channel may send nothing on it. */
const giveNoWindow = (connection: ssh2.Connection): void => {
  // Of the pinned version of ssh2; see the session proxy's own use of it.
  const protocol = Reflect.get(connection, '_protocol') as { channelOpenConfirm: Confirm }
  const confirm = protocol.channelOpenConfirm.bind(protocol)
  protocol.channelOpenConfirm = (theirs, ours, _window, packet) => confirm(theirs, ours, 0, packet)
}

describe('a target that answers no more', () => {
  let manner: Manner
  let silent: Awaited<ReturnType<typeof startSilentTarget>>

  beforeAll(async () => {
    silent = await startSilentTarget(() => manner)
  })
  afterAll(() => silent[Symbol.asyncDispose]())

  const run = (signal: AbortSignal) => {
    const parsed = parseTemplate('set-read-timeout 0.3\nset-terminal off\nexec cat\nwrite hello\nend')
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
    const capture = logCapture()
    capture.hide([])
    return sshExecutor({ egress }).run({
      target: silent.target,
      signIn: { username: 'ann', kind: 'password', secret: Secret.fromUtf8('secret') },
      template: parsed.template,
      values: {},
      capture,
      guard: () => {},
      signal,
      onSignedIn: async () => {},
    })
  }

  test.for<Manner>(['opens no channel', 'takes no input'])('that %s is given up in time', async how => {
    manner = how
    await expect(run(never)).rejects.toMatchObject({ failure: 'timeout' })
  })

  test.for<Manner>(['opens no channel', 'takes no input'])('that %s does not hold up a stop', async how => {
    manner = how
    const stop = AbortSignal.timeout(150)
    await expect(run(stop)).rejects.toMatchObject({ failure: 'interrupted' })
  })
})
