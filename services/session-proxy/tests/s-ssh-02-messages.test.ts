import fc from 'fast-check'
import { counted, figure } from '@sallyport/testing/proof'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Door, openDoor } from './support/door.ts'
import { EXCHANGES } from './support/raw-exchange.ts'
import { ALICE, answers, keyboard, keyOffer, rawKey, request } from './support/raw-login.ts'
import { connectRaw, kexInit, type RawSsh } from './support/raw-ssh.ts'
import { type SmallTarget, smallTarget } from './support/small-target.ts'
import { message, string, uint32 } from './support/ssh-fields.ts'

const key = rawKey()
const KEX = 'curve25519-sha256'
const channel = (type: number, ...fields: Buffer[]): Buffer => message(type, uint32(0), ...fields)
const openSession: Buffer = message(90, string('session'), uint32(0), uint32(2 ** 21), uint32(2 ** 15))

/** Thirty things that a client can say. */
const MESSAGES: readonly (readonly [string, Buffer])[] = [
  ['DISCONNECT', message(1, uint32(11), string(''), string(''))],
  ['IGNORE', message(2, string('x'))],
  ['UNIMPLEMENTED', message(3, uint32(1))],
  ['DEBUG', message(4, Buffer.from([0]), string('x'), string(''))],
  ['SERVICE_REQUEST of connections', message(5, string('ssh-connection'))],
  ['SERVICE_ACCEPT', message(6, string('ssh-userauth'))],
  ['EXT_INFO', message(7, uint32(0))],
  ['NEWCOMPRESS', message(8)],
  ['KEXINIT', kexInit(KEX, true)],
  ['NEWKEYS', message(21)],
  ['KEXDH_INIT', message(30, string(EXCHANGES[KEX]().ours))],
  ['KEXDH_REPLY', message(31, string(key.blob), string(EXCHANGES[KEX]().ours), string(''))],
  ['USERAUTH_REQUEST none', request(ALICE, 'none')],
  ['USERAUTH_REQUEST password', request(ALICE, 'password', Buffer.from([0]), string('x'))],
  ['USERAUTH_REQUEST publickey', keyOffer(ALICE, key.blob)],
  ['USERAUTH_REQUEST keyboard-interactive', keyboard(ALICE)],
  ['USERAUTH_FAILURE', message(51, string('password'), Buffer.from([1]))],
  ['USERAUTH_SUCCESS', message(52)],
  ['USERAUTH_BANNER', message(53, string('x'), string(''))],
  ['USERAUTH_PK_OK', message(60, string('ssh-ed25519'), string(key.blob))],
  ['USERAUTH_INFO_RESPONSE', answers('x')],
  ['GSSAPI_MIC', message(66, string('x'))],
  ['GLOBAL_REQUEST', message(80, string('keepalive@openssh.com'), Buffer.from([1]))],
  ['REQUEST_SUCCESS', message(81)],
  ['CHANNEL_OPEN', openSession],
  ['CHANNEL_OPEN_CONFIRMATION', channel(91, uint32(0), uint32(2 ** 21), uint32(2 ** 15))],
  ['CHANNEL_WINDOW_ADJUST', channel(93, uint32(1))],
  ['CHANNEL_DATA', channel(94, string('id\n'))],
  ['CHANNEL_REQUEST exec', channel(98, string('exec'), Buffer.from([1]), string('id'))],
  ['a number that nobody knows', message(200)],
]

const nameOf = (index: number): string => MESSAGES[index]?.[0] ?? ''
const LAWFUL = new Set(
  ['IGNORE', 'UNIMPLEMENTED', 'DEBUG', 'EXT_INFO', 'KEXINIT'].concat(
    MESSAGES.map(([name]) => name).filter(name => name.startsWith('USERAUTH_REQUEST')),
  ),
)

/** What may stand anywhere, and changes nothing (RFC 4253, section 11). */
const PASSED_OVER = new Set(['IGNORE', 'UNIMPLEMENTED', 'DEBUG', 'EXT_INFO'])

/** Whether the door must have cut the connection by the end of these, without being asked anything more. */
const isViolation = (sequence: readonly number[]): boolean => {
  const names = sequence.map(nameOf)
  const exchange = names.indexOf('KEXINIT')
  const outside = exchange < 0 ? names : names.slice(0, exchange)
  const inside = exchange < 0 ? [] : names.slice(exchange + 1)
  const isAnswer = (name: string, at: number): boolean =>
    name === 'USERAUTH_INFO_RESPONSE' &&
    outside.slice(0, at).findLast(before => !PASSED_OVER.has(before)) ===
      'USERAUTH_REQUEST keyboard-interactive'
  return (
    outside.some((name, at) => !LAWFUL.has(name) && !isAnswer(name, at)) ||
    inside.some((name, at) => name !== 'KEXDH_INIT' || at > 0)
  )
}

const NEWKEYS = 21
const NIGHTLY = { timeout: 600_000 }

/** What the server says to the end; after NEWKEYS it is under keys that were not derived here, and only the end is seen. */
const everything = async (raw: RawSsh): Promise<number[]> => {
  const types: number[] = []
  const ended = new Promise(resolve => raw.socket.once('close', resolve))
  for (let got = await raw.next(); got !== undefined; got = await raw.next()) {
    types.push(got[0] ?? 0)
    if (got[0] === NEWKEYS) break
  }
  if (!raw.socket.closed) await ended
  return types
}

describe('S-SSH-02: messages out of turn before sign-in', () => {
  let target: SmallTarget
  let door: Door
  let tried = 0
  beforeAll(async () => {
    target = await smallTarget()
    door = await openDoor(target.facts, { limits: { firstFactorSeconds: 5 } })
  })
  afterAll(async () => {
    await door[Symbol.asyncDispose]()
    await target[Symbol.asyncDispose]()
  })

  /** Says these things, and then asks for a session, unless that alone should have been too much already. */
  const say = async (raw: RawSsh, sequence: readonly number[]): Promise<number[]> => {
    tried += 1
    for (const index of sequence) raw.send(MESSAGES[index]?.[1] ?? Buffer.alloc(0))
    if (!isViolation(sequence)) raw.send(openSession)
    return everything(raw)
  }
  const expectCut = (said: readonly number[], sequence: readonly number[]): void => {
    const names = sequence.map(nameOf).join(', ')
    expect(said, names).not.toContain(52)
    expect(said, names).not.toContain(91)
    // Whoever takes leave is not told to go.
    if (!names.includes('DISCONNECT') && said.at(-1) !== NEWKEYS) expect(said.at(-1), names).toBe(1)
  }
  const afterKeys = async (sequence: readonly number[]): Promise<void> => {
    using raw = await connectRaw(door.port)
    await raw.exchangeKeys(KEX)
    await raw.startLogin()
    expectCut(await say(raw, sequence), sequence)
  }

  it('each of them, before and within the first key exchange, is answered by a disconnect', async () => {
    for (const before of [[], ['KEXINIT']]) {
      for (const index of MESSAGES.keys()) {
        using raw = await connectRaw(door.port)
        const first = MESSAGES.findIndex(([name]) => name === before[0])
        const sequence = first < 0 ? [index] : [first, index]
        for (const at of sequence) raw.send(MESSAGES[at]?.[1] ?? Buffer.alloc(0))
        raw.send(openSession)
        expectCut(await everything(raw), sequence)
        tried += 1
      }
    }
  })

  it(
    'each of them, and each two of them, once there are keys, is answered by a disconnect',
    NIGHTLY,
    async () => {
      const all = [...MESSAGES.keys()]
      const pairs = all.flatMap(first => all.map(second => [first, second]))
      const count = counted(pairs.length, 150)
      const [chosen = []] = fc.sample(fc.shuffledSubarray(pairs, { minLength: count, maxLength: count }), 1)
      for (const sequence of [...all.map(one => [one]), ...chosen]) await afterKeys(sequence)
    },
  )

  it('an answer with something between it and its question is one, and no session comes of it', async () => {
    const indices = [
      'IGNORE',
      'USERAUTH_REQUEST keyboard-interactive',
      'IGNORE',
      'USERAUTH_INFO_RESPONSE',
      'IGNORE',
    ]
    await afterKeys(indices.map(wanted => MESSAGES.findIndex(([name]) => name === wanted)))
  })

  it('six of them at random are answered by a disconnect', NIGHTLY, async () => {
    const six = fc.array(fc.nat({ max: MESSAGES.length - 1 }), { minLength: 6, maxLength: 6 })
    await fc.assert(fc.asyncProperty(six, afterKeys), { numRuns: counted(10_000, 100) })
    expect(door.sessions.size).toBe(0)
    expect(JSON.stringify(door.logged)).toContain('spoke out of turn')
    figure('S-SSH-02', `${tried} sequences of 1, 2 and 6 messages, 0 signed in, all disconnected`)
  })
})
