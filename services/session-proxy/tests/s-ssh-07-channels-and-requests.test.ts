import { eventually } from '@sallyport/testing/eventually'
import { figure } from '@sallyport/testing/proof'
import type { ClientChannel } from 'ssh2'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Door, openDoor } from './support/door.ts'
import { message, sendRaw, text, TRUE, uint32 } from './support/raw-packets.ts'
import { type ScriptedTarget, scriptedTarget } from './support/scripted-target.ts'
import { type Outcome, outcomeOf, visit, type Visitor } from './support/visitor.ts'

const [GLOBAL_REQUEST, CHANNEL_OPEN, CHANNEL_REQUEST] = [80, 90, 98]
const OPENING = ['CHANNEL_OPEN_CONFIRMATION', 'CHANNEL_OPEN_FAILURE']
const GLOBAL = ['REQUEST_SUCCESS', 'REQUEST_FAILURE']
const CHANNEL = ['CHANNEL_SUCCESS', 'CHANNEL_FAILURE']
const host = text('127.0.0.1')
const openings: Record<string, Buffer> = {
  'direct-tcpip': Buffer.concat([host, uint32(22), host, uint32(1)]),
  'forwarded-tcpip': Buffer.concat([host, uint32(22), host, uint32(1)]),
  'direct-streamlocal@openssh.com': Buffer.concat([text('/run/docker.sock'), text(''), uint32(0)]),
  'forwarded-streamlocal@openssh.com': Buffer.concat([text('/run/x'), text('')]),
  'auth-agent@openssh.com': Buffer.alloc(0),
  'auth-agent': Buffer.alloc(0),
  x11: Buffer.concat([host, uint32(6000)]),
  'tun@openssh.com': Buffer.concat([uint32(1), uint32(0x7f_ff_ff_ff)]),
  'session@evil.example': Buffer.alloc(0),
  '': Buffer.alloc(0),
  'session\0': Buffer.alloc(0),
  SESSION: Buffer.alloc(0),
}
const globals: Record<string, Buffer> = {
  'tcpip-forward': Buffer.concat([host, uint32(0)]),
  'cancel-tcpip-forward': Buffer.concat([host, uint32(1)]),
  'streamlocal-forward@openssh.com': text('/tmp/sallyport-forward.sock'),
  'cancel-streamlocal-forward@openssh.com': text('/tmp/sallyport-forward.sock'),
  'hostkeys-prove-00@openssh.com': text('x'),
  elevation: TRUE,
  '': Buffer.alloc(0),
}
const requests: Record<string, Buffer> = {
  'x11-req': Buffer.concat([TRUE, text('MIT-MAGIC-COOKIE-1'), text('00'), uint32(0)]),
  'auth-agent-req@openssh.com': Buffer.alloc(0),
  'xon-xoff': TRUE,
  break: uint32(500),
  'eow@openssh.com': Buffer.alloc(0),
  'exit-status': uint32(0),
  'unknown@evil.example': text('x'),
  '': Buffer.alloc(0),
}
const hostileVariables = [
  'LD_PRELOAD',
  'LD_LIBRARY_PATH',
  'LD_AUDIT',
  'BASH_ENV',
  'ENV',
  'PATH',
  'IFS',
  'PS4',
  'PROMPT_COMMAND',
  'SHELLOPTS',
  'NODE_OPTIONS',
  'PYTHONPATH',
  'PERL5LIB',
  'RUBYOPT',
  'GIT_SSH_COMMAND',
  'LESSOPEN',
  'EDITOR',
  'TERMINFO',
  'HOME',
  'SSH_ORIGINAL_COMMAND',
  'SUDO_COMMAND',
  'LC_',
  'lang',
  'LC_ALL=x',
  'LANG\0',
  'XMODIFIERS',
  'GCONV_PATH',
  'LOCPATH',
] // prettier-ignore

describe('S-SSH-07: a session’s shell and command are all that there is; everything else is refused by default', () => {
  let target: ScriptedTarget
  let door: Door
  let visitor: Visitor
  let cells = 0
  const onTarget: string[] = []

  beforeAll(async () => {
    target = await scriptedTarget({
      session: session => {
        onTarget.push('session')
        for (const kind of ['x11', 'auth-agent', 'subsystem', 'sftp', 'signal'] as const) {
          session.on(kind as 'x11', () => onTarget.push(kind))
        }
        session.on('env', (_accept, _reject, { key }) => onTarget.push(`env ${key}`))
        session.on('exec', (_accept, _reject, { command }) => onTarget.push(`exec ${command}`))
        session.on('shell', () => onTarget.push('shell'))
      },
      connected: connection => {
        for (const kind of ['tcpip', 'request', 'openssh.streamlocal'] as const) {
          connection.on(kind as 'tcpip', () => onTarget.push(kind))
        }
      },
    })
    door = await openDoor(target.facts)
    visitor = await visit(door.port)
  })
  afterAll(async () => {
    visitor[Symbol.dispose]()
    await door[Symbol.asyncDispose]()
    await target[Symbol.asyncDispose]()
    figure('S-SSH-07', `${cells} cells of channels and requests, 0 let through`)
  })

  /** The name of the next message that comes, of those that answer. */
  const answerTo = (send: () => void, names: readonly string[]): Promise<string> =>
    new Promise((resolve, reject) => {
      const handlers: Record<string, unknown> = Reflect.get(
        Reflect.get(visitor.client, '_protocol'),
        '_handlers',
      )
      const kept = names.map(name => [name, handlers[name]] as const)
      for (const [name] of kept) {
        handlers[name] = () => {
          for (const [other, handle] of kept) handlers[other] = handle
          resolve(name)
        }
      }
      void visitor.closed.then(() => reject(new Error('cut off')))
      send()
    })
  const features = (): unknown[] =>
    door.ledger.entries.filter(({ kind }) => kind === 'featureRefused').map(({ what }) => what['feature'])

  it.each(Object.keys(openings))(
    'refuses to open a channel of the type %j, and writes that down',
    async type => {
      cells += 1
      const open = message(
        CHANNEL_OPEN,
        text(type),
        uint32(77),
        uint32(1 << 20),
        uint32(32_768),
        openings[type] ?? TRUE,
      )
      const answer = await answerTo(() => sendRaw(visitor.client, open), OPENING)
      expect(answer).toBe('CHANNEL_OPEN_FAILURE')
      expect(features()).toContain(type.slice(0, 60))
    },
  )

  it.each(Object.keys(globals))(
    'refuses the global request %j, and writes it down if it is to forward',
    async name => {
      cells += 1
      const ask = message(GLOBAL_REQUEST, text(name), TRUE, globals[name] ?? TRUE)
      const answer = await answerTo(() => sendRaw(visitor.client, ask), GLOBAL)
      expect(answer).toBe('REQUEST_FAILURE')
      if (name.includes('forward')) expect(features()).toContain(name)
    },
  )

  it('refuses on a channel what is neither shell nor command, and each hostile variable', async () => {
    using bare = await visit(door.port)
    visitor[Symbol.dispose]()
    visitor = bare
    const confirmed = message(CHANNEL_OPEN, text('session'), uint32(0), uint32(1 << 20), uint32(32_768))
    expect(await answerTo(() => sendRaw(bare.client, confirmed), OPENING)).toBe('CHANNEL_OPEN_CONFIRMATION')
    const ask = (name: string, ...rest: Buffer[]): Promise<string> => {
      cells += 1
      const request = message(CHANNEL_REQUEST, uint32(0), text(name), TRUE, ...rest)
      return answerTo(() => sendRaw(bare.client, request), CHANNEL)
    }
    for (const [name, rest] of Object.entries(requests))
      expect(await ask(name, rest), name).toBe('CHANNEL_FAILURE')
    for (const name of hostileVariables) {
      expect(await ask('env', text(name), text('/tmp/evil.so')), name).toBe('CHANNEL_FAILURE')
    }
    for (const value of ['$(id)', 'a b', '../../tmp', 'x\ny', 'é'.repeat(300)]) {
      const answer = await ask('env', text('LC_ALL'), text(value))
      expect(answer, value).toBe(value.startsWith('..') ? 'CHANNEL_SUCCESS' : 'CHANNEL_FAILURE')
    }
    expect(await ask('env', text('LANG'), text('C.UTF-8'))).toBe('CHANNEL_SUCCESS')
    visitor = await visit(door.port)
  })

  it('has given the target nothing of all that', () => {
    expect(onTarget).toEqual([])
  })

  it.each(['sftp', 'netconf', 'SFTP', '../sftp', 'sftp\0', ''])(
    'refuses the subsystem %j with a reason',
    async name => {
      cells += 1
      const channel = await new Promise<ClientChannel>((resolve, reject) =>
        visitor.client.subsys(name, (error, opened) => (error ? reject(error) : resolve(opened))),
      )
      const { stderr, status }: Outcome = await outcomeOf(channel)
      expect(stderr).toMatch(/not offered here: use a shell or a command/)
      expect(status).toBe(1)
    },
  )

  it.each(['scp -t x', 'scp -f x', '/usr/bin/scp -r -p -t .', ' scp  -v -f .bashrc'])(
    'refuses the command %j',
    async command => {
      cells += 1
      expect((await visitor.exec(command)).stderr).toContain('SCP is not offered here')
    },
  )

  it('asks for a decision for each channel, and keeps nothing of a request that was refused', async () => {
    const grants = door.access.grants.length
    await Promise.all([visitor.exec('one'), visitor.exec('two')])
    expect(door.access.grants.length - grants).toBe(2)
    door.access.verdict = { outcome: 'denied' }
    expect((await visitor.exec('three')).stderr).toContain('You may not use root@web-1')
    door.access.verdict = { outcome: 'allowed' }
    cells += 3
    await eventually(() => door.sessions.size === 0)
    expect(onTarget.toSorted()).toEqual(['exec one', 'exec two', 'session', 'session'])
  })

  it('cuts off who goes on asking', async () => {
    using stubborn = await visit(door.port)
    const before = features().length
    const open = message(
      CHANNEL_OPEN,
      text('direct-tcpip'),
      uint32(7),
      uint32(1),
      uint32(32_768),
      openings['direct-tcpip'] ?? TRUE,
    )
    for (let asked = 0; asked < 10_000; asked += 1) sendRaw(stubborn.client, open)
    await stubborn.closed
    expect(features().length - before).toBe(100)
  })
})
