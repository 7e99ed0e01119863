import { once } from 'node:events'
import { figure } from '@sallyport/testing/proof'
import ssh2 from 'ssh2'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DOOR_ALGORITHMS, TARGET_ALGORITHMS } from '../src/protocols/ssh/algorithms.ts'
import { type Door, openDoor } from './support/door.ts'
import { CODE, PASSWORD, type TargetFacts } from './support/fakes.ts'
import { IGNORE, type Meddling, meddle } from './support/meddler.ts'
import { connectRaw } from './support/raw-ssh.ts'
import { type SmallTarget, smallTarget } from './support/small-target.ts'
import { message, readFields, string } from './support/ssh-fields.ts'

const isAffected = (cipher: string): boolean => cipher.startsWith('chacha20-') || cipher.endsWith('-cbc')

/** Between which packets something is slipped in: after the identification, after KEXINIT, after the exchange's own. */
const PLACES = [1, 2]

const insertAfter = (place: number) => (packets: { bytes: Buffer; index: number }) =>
  packets.index === place ? Buffer.concat([packets.bytes, IGNORE]) : packets.bytes

describe('S-SSH-03: prefix truncation (Terrapin, CVE-2023-48795)', () => {
  let target: SmallTarget
  let door: Door
  let facts: () => TargetFacts
  let attacks = 0
  beforeAll(async () => {
    target = await smallTarget()
    facts = target.facts
    door = await openDoor(() => facts())
  })
  afterAll(async () => {
    await door[Symbol.asyncDispose]()
    await target[Symbol.asyncDispose]()
  })

  /** What a command through the door shows, with somebody meddling between door and target. */
  const throughDoor = async (meddling: Meddling): Promise<string> => {
    await using relay = await meddle(target.facts().port, meddling)
    facts = () => ({ ...target.facts(), port: relay.port })
    try {
      return await run()
    } finally {
      facts = target.facts
    }
  }
  const run = async (): Promise<string> => {
    const client = new ssh2.Client()
    client.on('error', () => undefined)
    client.on('keyboard-interactive', (_name, _text, _language, prompts, finish) =>
      finish(prompts.map(({ prompt }) => (prompt.includes('assword') ? PASSWORD : CODE))),
    )
    client.connect({ host: '127.0.0.1', port: door.port, username: 'alice[root@web-1]', tryKeyboard: true })
    await once(client, 'ready')
    const shown = await new Promise<string>((resolve, reject) =>
      client.exec('echo', (error, channel) => {
        if (error) return reject(error)
        let output = ''
        for (const stream of [channel, channel.stderr])
          stream.on('data', (bytes: Buffer) => (output += bytes.toString()))
        channel.on('close', () => resolve(output))
      }),
    )
    client.end()
    return shown
  }

  it('finds no cipher to work on, on either leg', () => {
    for (const offer of [DOOR_ALGORITHMS, TARGET_ALGORITHMS])
      expect(offer.cipher.filter(isAffected)).toEqual([])
  })

  it.each<[string, ssh2.Algorithms]>([
    ['chacha20-poly1305', { cipher: ['chacha20-poly1305@openssh.com'] }],
    ['CBC and encrypt-then-MAC', { cipher: ['aes256-cbc'], hmac: ['hmac-sha2-256-etm@openssh.com'] }],
  ])('leads to no session with a target that has %s only', async (_what, algorithms) => {
    await using affected = await smallTarget(algorithms)
    facts = affected.facts
    expect(await run()).toContain('did not speak SSH')
    facts = target.facts
  })

  it('is announced by strict key exchange to clients and to targets', async () => {
    using client = await connectRaw(door.port)
    await client.exchangeKeys()
    expect(readFields(client.offered(), 17).string().toString()).toContain('kex-strict-s-v00@openssh.com')
    let offered = ''
    const note = ({ bytes, index }: { bytes: Buffer; index: number }): Buffer => {
      if (index === 1) offered = readFields(bytes, 22).string().toString()
      return bytes
    }
    expect(await throughDoor({ toServer: note })).toBe('out')
    expect(offered).toContain('kex-strict-c-v00@openssh.com')
  })

  it.each(PLACES)('cannot slip in a packet from a client after piece %i', async place => {
    attacks += 1
    await using relay = await meddle(door.port, { toServer: insertAfter(place) })
    using client = await connectRaw(relay.port)
    await expect(client.exchangeKeys().then(client.startLogin)).rejects.toThrow()
  })

  it.each(PLACES)('cannot slip in a packet from a target after piece %i', async place => {
    attacks += 1
    expect(await throughDoor({ toClient: insertAfter(place) })).not.toContain('out')
  })

  it('cannot leave out the first packet from a target, with one slipped in for it or without', async () => {
    for (const slip of [true, false]) {
      attacks += 1
      let sealed = false
      let dropped = false
      const truncate = ({ bytes, index }: { bytes: Buffer; index: number }): Buffer => {
        if (sealed && !dropped) {
          dropped = true
          return Buffer.alloc(0)
        }
        sealed ||= index > 0 && bytes[5] === 21
        return slip && index === 1 ? Buffer.concat([bytes, IGNORE]) : bytes
      }
      expect(await throughDoor({ toClient: truncate })).not.toContain('out')
    }
  })

  it('cannot leave out the first packet from a client that knows no strict key exchange', async () => {
    for (const slip of [true, false]) {
      attacks += 1
      await using relay = await meddle(door.port, slip ? { toServer: insertAfter(1) } : {})
      using client = await connectRaw(relay.port, { strict: false })
      await client.exchangeKeys()
      client.lose(message(2, string('the first')))
      await expect(client.startLogin()).rejects.toThrow()
    }
  })

  it('is nothing to those whom nobody meddles with, strict or not', async () => {
    using client = await connectRaw(door.port, { strict: false })
    await client.exchangeKeys()
    await client.startLogin()
    expect(await throughDoor({})).toBe('out')
    figure('S-SSH-03', `${attacks} insertions and omissions, 0 unnoticed; no affected cipher on either leg`)
  })
})
