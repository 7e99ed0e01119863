import { connect, type Socket } from 'node:net'
import { eventually } from '@sallyport/testing/eventually'
import { counted, figure } from '@sallyport/testing/proof'
import ssh2 from 'ssh2'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { exchangeKeys } from '../src/protocols/ssh/internals.ts'
import { type Door, openDoor } from './support/door.ts'
import { message, sendRaw, text, uint32 } from './support/raw-packets.ts'
import { type ScriptedTarget, scriptedTarget } from './support/scripted-target.ts'
import { visit, type Visitor } from './support/visitor.ts'

const [CHANNEL_OPEN, CHANNEL_WINDOW_ADJUST, CHANNEL_DATA, IGNORE] = [90, 93, 94, 2]
const MEGABYTE = 1_000_000
const PIECE = Buffer.alloc(32 * 1024, 'x')

describe('S-SSH-08: whoever takes too much is stopped, and everybody else gets in within two seconds', () => {
  let target: ScriptedTarget
  let door: Door
  let held: Disposable[] = []
  let printed = 0
  let slowest = 0

  beforeAll(async () => {
    target = await scriptedTarget({
      command: (channel, command) => {
        const print = (): void => {
          while (channel.writable && channel.write(PIECE)) printed += PIECE.byteLength
        }
        if (command === 'endless') print()
        if (command === 'endless') channel.on('drain', print)
        // Whatever else is asked for reads nothing and says nothing, but for one.
        if (command !== 'id') return
        channel.write('out')
        channel.exit(0)
        channel.end()
      },
    })
    const limits = {
      maxConnections: 20_000,
      maxConnectionsPerSource: 6_000,
      maxSigningIn: 200,
      firstFactorSeconds: 3,
    }
    door = await openDoor(target.facts, { limits })
  })
  afterEach(async () => {
    for (const one of held) one[Symbol.dispose]()
    held = []
    printed = 0
    await eventually(() => door.sessions.size === 0)
  })
  afterAll(async () => {
    await door[Symbol.asyncDispose]()
    await target[Symbol.asyncDispose]()
    figure(
      'S-SSH-08',
      `during each attack somebody else signed in and ran a command within ${slowest.toFixed(1)} s`,
    )
  })

  /** Somebody who does what everybody does, meanwhile, from an address of his own. */
  const expectOthersGetIn = async (): Promise<void> => {
    const start = performance.now()
    using other = await visit(door.port, { localAddress: '127.0.0.200' })
    expect((await other.exec('id')).stdout.toString()).toBe('out')
    const seconds = (performance.now() - start) / 1000
    slowest = Math.max(slowest, seconds)
    expect(seconds).toBeLessThan(2)
  }
  const halfOpen = (localAddress: string, said = ''): Socket => {
    const socket = connect({ port: door.port, host: '127.0.0.1', localAddress })
    socket.on('error', () => undefined).resume()
    socket.write(said)
    held.push({ [Symbol.dispose]: () => socket.destroy() })
    return socket
  }
  const enter = async (): Promise<Visitor> => {
    const visitor = await visit(door.port)
    held.push(visitor)
    return visitor
  }
  /** By how much memory grows while something goes on, at the most. */
  const grownBy = async (work: () => Promise<unknown>): Promise<number> => {
    const before = process.memoryUsage().rss
    let most = before
    const look = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 20)
    await work()
    clearInterval(look)
    return most - before
  }

  it('cuts off who has said nothing, or one letter at a time, when the time to sign in is over', async () => {
    const silent = halfOpen('127.0.0.2')
    const slow = halfOpen('127.0.0.2', 'S')
    const letters = setInterval(() => slow.write('S'), 100)
    const start = performance.now()
    await Promise.all([silent, slow].map(socket => new Promise(resolve => socket.once('close', resolve))))
    clearInterval(letters)
    expect(performance.now() - start).toBeLessThan(5_000)
  })

  it('lets others in while a crowd leaves connections half open', async () => {
    const total = counted(5_000, 500)
    const refused = await grownBy(async () => {
      for (let opened = 0; opened < total; opened += 1) {
        const one = halfOpen(`127.0.1.${1 + (opened % 100)}`, opened % 2 ? 'SSH-2.0-half\r\n' : '')
        // The crowd is in this process, and must not be all that it does.
        if (opened % 20 === 0)
          await new Promise(resolve => one.once('connect', resolve).once('close', resolve))
        if (opened % Math.ceil(total / 3) === 0) await expectOthersGetIn()
      }
      await expectOthersGetIn()
    })
    expect(refused).toBeLessThan(200 * MEGABYTE)
  }, 120_000)

  it('refuses the eleventh channel, and closes the connection of who asks for thousands', async () => {
    const visitor = await enter()
    for (let sender = 0; sender < 10_000; sender += 1) {
      sendRaw(
        visitor.client,
        message(CHANNEL_OPEN, text('session'), uint32(sender), uint32(1 << 20), uint32(32_768)),
      )
    }
    await expectOthersGetIn()
    await visitor.closed
  })

  it.each([0, 1, 1_023])('closes the connection of who takes packets of %d bytes at most', async bytes => {
    const visitor = await enter()
    sendRaw(visitor.client, message(CHANNEL_OPEN, text('session'), uint32(0), uint32(1 << 20), uint32(bytes)))
    await visitor.closed
    await expectOthersGetIn()
  })

  it('closes the connection of who sends more than there is room for', async () => {
    const visitor = await enter()
    await visitor.open('read nothing')
    const grown = await grownBy(async () => {
      const data = message(CHANNEL_DATA, uint32(0), text(PIECE))
      for (let sent = 0; sent < 2_000; sent += 1) sendRaw(visitor.client, data)
      await visitor.closed
    })
    expect(grown).toBeLessThan(250 * MEGABYTE)
    await expectOthersGetIn()
  })

  it('makes a program wait for a client that reads nothing, whatever window it announced', async () => {
    const visitor = await enter()
    const grown = await grownBy(async () => {
      await visitor.open('endless')
      sendRaw(visitor.client, message(CHANNEL_WINDOW_ADJUST, uint32(0), uint32(0xff_00_00_00)))
      const socket: Socket = Reflect.get(visitor.client, '_sock')
      socket.pause()
      let [before, same] = [-1, 0]
      await eventually(() => {
        same = printed === before ? same + 1 : 0
        before = printed
        return same > 10
      }, 30_000)
      await expectOthersGetIn()
    })
    expect(printed).toBeLessThan(32 * MEGABYTE)
    expect(grown).toBeLessThan(250 * MEGABYTE)
  })

  it('bears a flood of key exchanges, sizes, signals and ignored packets', async () => {
    const visitor = await enter()
    const channel = await visitor.open('read nothing')
    const flood = setInterval(() => {
      exchangeKeys(visitor.client)
      for (let sent = 0; sent < 200; sent += 1) {
        channel.setWindow(20 + (sent % 100), 80, 0, 0)
        channel.signal('USR1')
        sendRaw(visitor.client, message(IGNORE, text(PIECE.subarray(0, 1_000))))
      }
    }, 10)
    try {
      for (let round = 0; round < 3; round += 1) await expectOthersGetIn()
    } finally {
      clearInterval(flood)
    }
  })

  it('offers no compression, so that nothing small becomes large', async () => {
    const client = new ssh2.Client()
    const failed = new Promise<Error>(resolve => client.once('error', resolve))
    client.connect({
      host: '127.0.0.1',
      port: door.port,
      username: 'alice',
      algorithms: { compress: ['zlib', 'zlib@openssh.com'] },
    })
    expect((await failed).message).toMatch(/no matching .*compress/i)
  })
})
