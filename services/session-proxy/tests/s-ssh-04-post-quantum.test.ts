import { figure } from '@sallyport/testing/proof'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Door, openDoor } from './support/door.ts'
import { EXCHANGES } from './support/raw-exchange.ts'
import { connectRaw, kexInit } from './support/raw-ssh.ts'
import { type SmallTarget, smallTarget } from './support/small-target.ts'
import { message, readFields, string } from './support/ssh-fields.ts'

const KEX = 'mlkem768x25519-sha256'
const WRONG_LENGTHS = [0, 1, 32, 1184, 1215, 1217, 2400]

describe('S-SSH-04: the post-quantum key exchange of the door', () => {
  let target: SmallTarget
  let door: Door
  beforeAll(async () => {
    target = await smallTarget()
    door = await openDoor(target.facts)
  })
  afterAll(async () => {
    await door[Symbol.asyncDispose]()
    await target[Symbol.asyncDispose]()
  })

  it('is offered first, and agrees with a client written from the draft', async () => {
    using client = await connectRaw(door.port)
    await client.exchangeKeys(KEX)
    await client.startLogin()
    const offered = readFields(client.offered(), 17).string().toString().split(',')
    expect(offered[0]).toBe(KEX)
  })

  it('serves again for every exchange on one connection', async () => {
    using client = await connectRaw(door.port)
    await client.exchangeKeys(KEX)
    await client.exchangeKeys('curve25519-sha256')
    await client.exchangeKeys(KEX)
    await client.startLogin()
  })

  /** What the door answers to these bytes in place of an encapsulation key and a public key. */
  const answerTo = async (init: Buffer): Promise<(number | undefined)[]> => {
    using client = await connectRaw(door.port)
    client.send(kexInit(KEX, true))
    await client.next()
    client.send(message(30, string(init)))
    return [(await client.next())?.[0], (await client.next())?.[0]]
  }

  it.each(WRONG_LENGTHS)('disconnects for %i bytes in place of 1,216', async length => {
    expect(await answerTo(Buffer.alloc(length, 1))).toEqual([1, undefined])
  })

  it('disconnects for an encapsulation key with numbers beyond the modulus', async () => {
    const init = Buffer.from(EXCHANGES[KEX]().ours)
    init.fill(0xff, 0, 300)
    expect(await answerTo(init)).toEqual([1, undefined])
  })

  it('disconnects for a public key that leads to a secret of zeros', async () => {
    const init = Buffer.from(EXCHANGES[KEX]().ours)
    init.fill(0, 1184)
    expect(await answerTo(init)).toEqual([1, undefined])
  })

  it('goes on after all that', async () => {
    using client = await connectRaw(door.port)
    await client.exchangeKeys(KEX)
    figure('S-SSH-04', `${KEX} offered first; ${WRONG_LENGTHS.length + 2} malformed keys, all disconnected`)
  })
})
