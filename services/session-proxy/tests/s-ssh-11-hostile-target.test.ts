import { randomBytes, randomInt } from 'node:crypto'
import type { Socket } from 'node:net'
import { eventually } from '@sallyport/testing/eventually'
import { counted, figure } from '@sallyport/testing/proof'
import type { Connection } from 'ssh2'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Door, openDoor } from './support/door.ts'
import type { TargetFacts } from './support/fakes.ts'
import { message, sendRaw, text, TRUE, uint32 } from './support/raw-packets.ts'
import { rawTarget, type ScriptedTarget, scriptedTarget } from './support/scripted-target.ts'
import { visit } from './support/visitor.ts'

const total = counted(500_000, 5_000)
const IN_ONE_BURST = counted(1_000, 200)
const MEGABYTE = 1_000_000

const pick = <T>(some: readonly T[]): T => {
  const one = some[randomInt(some.length)]
  if (one === undefined) throw new Error('There is none')
  return one
}
const number = (): Buffer =>
  uint32(pick([0, 1, 2, 3, 0x7f_ff_ff_ff, 0x80_00_00_00, 0xff_ff_ff_fe, 0xff_ff_ff_ff, randomInt(2 ** 32)]))
const bytes = (most = 300): Buffer => randomBytes(randomInt(most))
const word = (): Buffer =>
  text(
    pick([
      'exit-status',
      'exit-signal',
      'session',
      'hostkeys-00@openssh.com',
      'keepalive@openssh.com',
      'x11',
      'auth-agent@openssh.com',
      'forwarded-tcpip',
      'ssh-userauth',
      'password',
      bytes().toString('latin1'),
    ]),
  )
const parts = [
  number,
  word,
  () => TRUE,
  () => bytes(),
  () => text(bytes()),
  () => Buffer.concat([number(), bytes(8)]),
]

/** A message of a number, with well-formed and malformed fields. */
const hostileMessage = (numbers: readonly number[]): Buffer =>
  message(pick(numbers), ...Array.from({ length: randomInt(6) }, () => pick(parts)()))

const EVERY = Array.from({ length: 256 }, (_, index) => index)
const OF_SIGN_IN = [1, 2, 3, 4, 6, 51, 52, 53, 60, 61, 7]
const OF_CHANNELS = [2, 3, 4, 80, 81, 82, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99, 100]

describe('S-SSH-11: a hostile target harms neither the proxy nor the terminal of whoever asked for it', () => {
  let good: ScriptedTarget
  let facts: () => TargetFacts
  let door: Door

  beforeAll(async () => {
    good = await scriptedTarget()
    facts = good.facts
    door = await openDoor(() => facts())
  })
  afterAll(async () => {
    await door[Symbol.asyncDispose]()
    await good[Symbol.asyncDispose]()
  })

  const expectAlive = async (): Promise<void> => {
    facts = good.facts
    using visitor = await visit(door.port)
    expect((await visitor.exec('id')).stdout.toString()).toBe('out')
    await eventually(() => door.sessions.size === 0)
    expect(JSON.stringify(door.logged)).not.toContain('a session failed')
    door.logged.length = 0
    door.ledger.entries.length = 0
  }
  const ask = async (target: ScriptedTarget, command = 'id') => {
    facts = target.facts
    using visitor = await visit(door.port)
    const outcome = await visitor.exec(command)
    return { ...outcome, stdout: outcome.stdout.toString('latin1') }
  }

  let sent = 0
  const burst = (connection: Connection, numbers: readonly number[]): void => {
    const socket: Socket = Reflect.get(connection, '_sock')
    for (let count = 0; count < IN_ONE_BURST; count += 1) {
      if (socket.destroyed) break
      sendRaw(connection, hostileMessage(numbers))
      sent += 1
    }
    socket.end()
  }

  it('survives malformed messages at every stage', async () => {
    const before = process.memoryUsage().rss
    await using ofChannels = await scriptedTarget({
      command: (_channel, _command, connection) => burst(connection, OF_CHANNELS),
    })
    await using ofAll = await scriptedTarget({
      command: (_channel, _command, connection) => burst(connection, EVERY),
    })
    await using inSignIn = await scriptedTarget({
      authenticate: connection => burst(connection, OF_SIGN_IN),
    })
    await using beforeKeys = await rawTarget(socket => {
      socket.write(
        pick(['SSH-2.0-hostile\r\n', 'SSH-2.0-hostile\n', `${'welcome\r\n'.repeat(50)}SSH-2.0-x\r\n`]),
      )
      for (let count = 0; count < IN_ONE_BURST; count += 1) {
        const payload = hostileMessage([20, 21, 30, 31, 33, 1, 2, 3, 4, 50])
        const padding = randomInt(4, 12)
        const length = pick([
          payload.byteLength + padding + 1,
          payload.byteLength + padding + 1,
          randomInt(2 ** 32),
        ])
        socket.write(Buffer.concat([uint32(length), Buffer.from([padding]), payload, Buffer.alloc(padding)]))
        sent += 1
      }
      socket.end()
    })
    const targets = [ofChannels, ofAll, inSignIn, beforeKeys]
    let connections = 0
    // Every burst adds to what was sent.
    for (const isDone = (): boolean => sent >= total; !isDone(); ) {
      const target = targets[connections % targets.length]
      if (target === undefined) break
      const { status } = await ask(target)
      expect(status).toBeDefined()
      connections += 1
      if (connections % 40 === 0) await expectAlive()
    }
    await expectAlive()
    const grown = process.memoryUsage().rss - before
    expect(grown).toBeLessThan(300 * MEGABYTE)
    figure(
      'S-SSH-11',
      `${sent} hostile messages on ${connections} connections: the proxy lives and serves others; memory +${Math.round(grown / MEGABYTE)} MB`,
    )
  }, 1_800_000)

  const ESCAPES = '\u001b]0;owned\u0007\u001b[2J\u001bP$q"p\u001b\\\u009b31m\r\nsallyport: approved\r\n'

  it('shows nothing of a banner, nor of what a target says before it was signed in to or when it breaks off', async () => {
    await using banner = await scriptedTarget({
      accepts: false,
      connected: connection =>
        connection.on('handshake', () => sendRaw(connection, message(53, text(ESCAPES), text('')))),
    })
    await using farewell = await scriptedTarget({
      connected: connection =>
        connection.on('ready', () => sendRaw(connection, message(1, uint32(2), text(ESCAPES), text('')))),
    })
    await using ident = await rawTarget(socket => socket.end(`${ESCAPES.repeat(100)}SSH-2.0-${ESCAPES}\r\n`))
    await using refusal = await scriptedTarget({
      connected: connection => {
        connection.removeAllListeners('session')
        Reflect.get(Reflect.get(connection, '_protocol'), '_handlers')['CHANNEL_OPEN'] = () =>
          sendRaw(connection, message(92, uint32(0), uint32(1), text(ESCAPES), text('')))
      },
    })
    for (const target of [banner, farewell, ident, refusal]) {
      const { stdout, stderr } = await ask(target)
      expect(stdout).toBe('')
      expect(stderr).toMatch(/^sallyport: [\x20-\x7e]+\n$/)
      expect(stderr).not.toContain('owned')
    }
  })

  it('bears a message of the day of 20 MB, in banners and in output', async () => {
    const line = Buffer.alloc(30_000, 'motd ')
    await using banners = await scriptedTarget({
      authenticate: (connection, accept) => {
        for (let count = 0; count < 300; count += 1) sendRaw(connection, message(53, text(line), text('')))
        accept()
      },
    })
    expect((await ask(banners)).stdout).toBe('out')
    await using output = await scriptedTarget({
      command: channel => {
        channel.end(Buffer.alloc(20 * MEGABYTE, 'motd '), () => undefined)
        channel.exit(0)
      },
    })
    expect((await ask(output)).stdout).toHaveLength(20 * MEGABYTE)
  })

  it('opens no channel for a target', async () => {
    const answers: string[] = []
    await using target = await scriptedTarget({
      command: (channel, _command, connection) => {
        const handlers = Reflect.get(Reflect.get(connection, '_protocol'), '_handlers')
        handlers['CHANNEL_OPEN_CONFIRMATION'] = () => answers.push('opened')
        handlers['CHANNEL_OPEN_FAILURE'] = () => {
          answers.push('refused')
          if (answers.length < types.length) return
          channel.exit(0)
          channel.end()
        }
        const host = text('127.0.0.1')
        for (const type of types) {
          sendRaw(
            connection,
            message(
              90,
              text(type),
              uint32(40),
              uint32(1 << 20),
              uint32(32_768),
              host,
              uint32(22),
              host,
              uint32(1),
            ),
          )
        }
      },
    })
    const types = [
      'forwarded-tcpip',
      'auth-agent@openssh.com',
      'x11',
      'session',
      'direct-tcpip',
      'forwarded-streamlocal@openssh.com',
      'z',
    ]
    expect((await ask(target)).status).toBe(0)
    expect(answers).toEqual(types.map(() => 'refused'))
  })

  /** A target that confirms channels in its own way, and then ends the command if it was asked to. */
  const confirming = (window: number, packet: number, then: (socket: Socket) => void = () => {}) =>
    scriptedTarget({
      connected: (connection, socket) => {
        const handlers = Reflect.get(Reflect.get(connection, '_protocol'), '_handlers')
        handlers['CHANNEL_OPEN'] = (_protocol: unknown, { sender }: { sender: number }) =>
          sendRaw(connection, message(91, uint32(sender), uint32(0), uint32(window), uint32(packet)))
        handlers['CHANNEL_REQUEST'] = () => {
          sendRaw(connection, message(99, uint32(0)))
          then(socket)
        }
      },
    })

  it.each([0, 1, 1_023])('leaves a target that takes packets of %d bytes at most', async bytesOfPacket => {
    await using target = await confirming(1 << 20, bytesOfPacket)
    const { stderr, status } = await ask(target)
    expect(stderr).toMatch(/broke off or did not speak SSH/)
    expect(status).toBe(1)
    await expectAlive()
  })

  it('makes a client wait for a target that reads nothing, whatever window it announced', async () => {
    await using target = await confirming(0xff_ff_ff_ff, 32_768, socket => socket.pause())
    facts = target.facts
    using visitor = await visit(door.port)
    const channel = await visitor.open('cat')
    let taken = 0
    const piece = Buffer.alloc(64 * 1024, 'x')
    const feed = (): void => {
      taken += piece.byteLength
      channel.write(piece, () => setImmediate(feed))
    }
    feed()
    let [last, same] = [-1, 0]
    await eventually(() => {
      same = taken === last ? same + 1 : 0
      last = taken
      return same > 10 || taken > 64 * MEGABYTE
    }, 30_000)
    expect(taken).toBeLessThan(32 * MEGABYTE)
  })

  it('leaves a target that sends more than there is room for', async () => {
    const gate = Promise.withResolvers<void>()
    await using target = await scriptedTarget({
      connected: connection => connection.on('close', () => gate.resolve()),
      command: (_channel, _command, connection) => {
        // Nothing can be recorded, so nothing is read.
        door.recordings.beforeAppend = () => gate.promise
        const data = message(94, uint32(0), text(Buffer.alloc(32_768, 'x')))
        for (let count = 0; count < 2_000; count += 1) sendRaw(connection, data)
      },
    })
    expect((await ask(target)).stderr).toMatch(/connection to the device was lost/)
    door.recordings.beforeAppend = async () => undefined
    await expectAlive()
  })

  it('takes kinds of output that do not exist for nothing, and a channel that closes early for a lost one', async () => {
    await using target = await scriptedTarget({
      command: (channel, _command, connection) => {
        for (const kind of [0, 2, 3, 0xff_ff_ff_ff])
          sendRaw(connection, message(95, uint32(0), uint32(kind), text(ESCAPES)))
        channel.stderr.write('complaint\n')
        channel.close()
      },
    })
    const { stdout, stderr } = await ask(target)
    expect(stdout).toBe('')
    expect(stderr).toBe('complaint\nsallyport: The connection to the device was lost.\n')
  })
})
