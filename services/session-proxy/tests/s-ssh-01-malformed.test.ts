import { connect } from 'node:net'
import { counted, figure } from '@sallyport/testing/proof'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ForkedDoor, forkDoor } from './support/forked-door.ts'
import { KIND_COUNT, malformedHandshake, malformedMessage } from './support/malformed.ts'
import { signInByKeyboard } from './support/raw-login.ts'
import { connectRaw } from './support/raw-ssh.ts'
import { message, string, uint32 } from './support/ssh-fields.ts'
import { startWitness, type Witness } from './support/witness.ts'

const AT_ONCE = 16
const NIGHT_MILLISECONDS = 3_600_000
const MEBIBYTE = 1024 ** 2
const MAX_GROWTH = 50 * MEBIBYTE

/** Does something so many times, a few at once. */
const repeat = async (count: number, attack: () => Promise<number>): Promise<void> => {
  let left = count
  const worker = async (): Promise<void> => {
    while (left > 0) {
      const done = await attack()
      left -= done
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

describe('S-SSH-01: malformed packets', () => {
  let door: ForkedDoor
  let witness: Witness
  const told: string[] = []
  beforeAll(async () => {
    door = await forkDoor()
    witness = await startWitness(door.port)
  })
  afterAll(async () => {
    await witness[Symbol.asyncDispose]()
    await door[Symbol.asyncDispose]()
  })

  /** The door is as it was: alive, no larger, and of use to somebody else all along. */
  const unharmed = async (what: string, count: number, before: number): Promise<void> => {
    expect(door.died()).toBeUndefined()
    const growth = (await door.memory()) - before
    expect(growth).toBeLessThanOrEqual(MAX_GROWTH)
    expect(witness.seen().length).toBeGreaterThan(10)
    told.push(`${count.toLocaleString('en')} ${what} (${Math.round(growth / MEBIBYTE)} MiB more)`)
  }

  /** Ends when the door has closed: a connection that it keeps is given up, and found by its number there. */
  const writeAndWait = (bytes: Buffer): Promise<number> =>
    new Promise(resolve => {
      const socket = connect(door.port, '127.0.0.1')
      socket.on('error', () => undefined).once('close', () => resolve(1))
      socket.resume()
      socket.end(bytes)
    })

  it(
    'in place of a handshake harm neither the door nor a session',
    async () => {
      await repeat(2_000, () => writeAndWait(malformedHandshake()))
      const before = await door.memory()
      const count = counted(1_000_000, 8_000)
      await repeat(count, () => writeAndWait(malformedHandshake()))
      await unharmed(`before sign-in, of ${KIND_COUNT} kinds`, count, before)
    },
    NIGHT_MILLISECONDS,
  )

  /** Signs in, opens a session, and says malformed things until it is cut off. */
  const spoil = async (): Promise<number> => {
    const most = 100
    using raw = await connectRaw(door.port)
    await raw.exchangeKeys()
    await raw.startLogin()
    expect(await signInByKeyboard(raw)).toBe(52)
    raw.send(message(90, string('session'), uint32(0), uint32(2 ** 21), uint32(2 ** 15)))
    let said = 0
    const connection = { isOpen: true }
    const drained = (async () => {
      while ((await raw.next()) !== undefined);
      connection.isOpen = false
    })()
    for (; connection.isOpen && said < most; said += 1) {
      raw.send(malformedMessage())
      // A turn for what the door may have to say.
      await new Promise(resolve => setImmediate(resolve))
    }
    raw.socket.end()
    await drained
    return said
  }

  it(
    'after sign-in harm neither the door nor a session',
    async () => {
      await repeat(200, spoil)
      const before = await door.memory()
      const count = counted(200_000)
      await repeat(count, spoil)
      await unharmed('after', count, before)
      const slowest = Math.round(Math.max(...witness.seen()))
      figure(
        'S-SSH-01',
        `${told.join(', ')}; 0 crashes; ${witness.seen().length} echoes of a witness, the slowest ${slowest} ms`,
      )
    },
    NIGHT_MILLISECONDS,
  )
})
