import { once } from 'node:events'
import { eventually } from '@sallyport/testing/eventually'
import ssh2 from 'ssh2'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Door, openDoor } from './support/door.ts'
import { CODE, PASSWORD, type TargetFacts } from './support/fakes.ts'
import { smallTarget, type SmallTarget } from './support/small-target.ts'

/** What ssh2's client can be made to send out of turn. */
type Raw = {
  shell(channel: number, wantReply: boolean): void
  exec(channel: number, command: string, wantReply: boolean): void
}

/** `once` of node:events would reject at the error that comes first. */
const closed = (client: ssh2.Client): Promise<string> =>
  new Promise(resolve => client.once('close', () => resolve('closed')))

const rawOf = (client: ssh2.Client): Raw => Reflect.get(client, '_protocol') as Raw

describe('a hostile client', () => {
  let target: SmallTarget
  let door: Door
  let facts: () => TargetFacts

  beforeAll(async () => {
    target = await smallTarget()
    facts = target.facts
    door = await openDoor(() => facts())
  })
  afterAll(async () => {
    await door[Symbol.asyncDispose]()
    await target[Symbol.asyncDispose]()
  })

  const connect = (): ssh2.Client => {
    const client = new ssh2.Client()
    client.on('error', () => undefined)
    client.on('keyboard-interactive', (_name, _text, _language, prompts, finish) =>
      finish(prompts.map(({ prompt }) => (prompt.includes('assword') ? PASSWORD : CODE))),
    )
    client.connect({ host: '127.0.0.1', port: door.port, username: 'alice[root@web-1]', tryKeyboard: true })
    return client
  }
  const signIn = async (): Promise<ssh2.Client> => {
    const client = connect()
    await once(client, 'ready')
    return client
  }

  it('is cut off after three dialogues', async () => {
    let asked = 0
    const client = new ssh2.Client()
    client.on('error', () => undefined)
    client.connect({
      host: '127.0.0.1',
      port: door.port,
      username: 'alice',
      authHandler: (_left, _partial, next) =>
        next({
          type: 'keyboard-interactive',
          username: 'alice',
          prompt: (_n, _i, _l, _p, finish) => {
            asked += 1
            finish(['wrong'])
          },
        }),
    })
    await closed(client)
    expect(asked).toBe(3)
  })

  it('does no harm with a second shell on one channel', async () => {
    const client = await signIn()
    const channel = await new Promise<ssh2.ClientChannel>((resolve, reject) =>
      client.exec('wait', (error, opened) => (error ? reject(error) : resolve(opened))),
    )
    rawOf(client).shell(0, true)
    rawOf(client).exec(0, 'id', false)
    channel.end('done')
    const [status] = await once(channel.resume(), 'close')
    expect(status).toBe(0)
    client.end()
  })

  it('gets ten sessions on one connection, and the eleventh is refused with a reason', async () => {
    const client = await signIn()
    const open = () =>
      new Promise<string>(resolve => client.exec('wait', error => resolve(error ? error.message : 'open')))
    const outcomes = await Promise.all(Array.from({ length: 11 }, open))
    expect(outcomes.filter(outcome => outcome === 'open')).toHaveLength(10)
    expect(outcomes.at(-1)).toContain('too many sessions on this connection')
    client.end()
    await eventually(() => door.sessions.size === 0)
  })

  it('ends its session when it vanishes', async () => {
    const client = await signIn()
    await new Promise<void>(resolve => client.exec('wait', () => resolve()))
    await eventually(() => door.sessions.size === 1)
    client.destroy()
    await eventually(() => door.sessions.size === 0)
    expect(door.ledger.ends().at(-1)).toMatchObject({ reason: 'closed' })
  })

  describe('with a target that takes a password', () => {
    beforeEach(() => {
      target.behave({})
      target.answers.length = 0
    })
    const exec = async (
      command: string,
    ): Promise<{ output: string; status: number | null; signal?: string }> => {
      const client = await signIn()
      return new Promise(resolve =>
        client.exec(command, (_error, channel) => {
          let output = ''
          channel.on('data', (bytes: Buffer) => (output += bytes.toString()))
          channel.stderr.on('data', (bytes: Buffer) => (output += bytes.toString()))
          channel.on('close', (status: number | null, signal?: string) => {
            client.end()
            resolve({ output, status, ...(signal !== undefined && { signal }) })
          })
        }),
      )
    }

    it('signs in with it', async () => {
      expect(await exec('echo')).toEqual({ output: 'out', status: 0 })
    })

    it('answers a password question of keyboard-interactive', async () => {
      target.behave({ methods: ['keyboard-interactive'] })
      expect(await exec('echo')).toMatchObject({ output: 'out' })
      expect(target.answers).toEqual([target.password])
    })

    it('gives the password to no other question', async () => {
      target.behave({ methods: ['keyboard-interactive'], question: { prompt: 'Your name: ', echo: true } })
      expect((await exec('echo')).output).toContain('did not accept the credential')
      expect(target.answers).not.toContain(target.password)
    })

    it('says when it breaks off, and goes on serving others', async () => {
      const broken = await exec('drop')
      expect(broken.output).toContain('The connection to the device was lost.')
      expect(broken.status).toBe(1)
      expect(await exec('echo')).toEqual({ output: 'out', status: 0 })
    })

    it('passes a signal on to the client', async () => {
      expect(await exec('crash')).toMatchObject({ status: null, signal: 'SIGSEGV' })
    })

    it('speaks of garbage as of a device that does not speak SSH', async () => {
      facts = () => ({ ...target.facts(), port: door.port, hostKeys: target.facts().hostKeys })
      expect((await exec('echo')).output).toMatch(/host keys|did not speak SSH/)
      facts = target.facts
    })

    it('carries a resize to the target and into the recording', async () => {
      const client = await signIn()
      const channel = await new Promise<ssh2.ClientChannel>((resolve, reject) =>
        client.shell({ rows: 30, cols: 100, term: 'xterm' }, (error, opened) =>
          error ? reject(error) : resolve(opened),
        ),
      )
      await eventually(() => target.sizes.includes('100x30'))
      channel.setWindow(50, 132, 0, 0)
      await eventually(() => target.sizes.includes('132x50'))
      channel.end()
      client.end()
    })

    it('keeps the credential out of what the client, the log and the ledger get', async () => {
      const { output } = await exec('echo')
      const everything = JSON.stringify([output, door.logged, door.ledger.entries])
      expect(everything).not.toContain(target.password)
    })
  })
})
