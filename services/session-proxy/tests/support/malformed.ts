import { randomBytes, randomInt } from 'node:crypto'
import { EXCHANGES } from './raw-exchange.ts'
import { kexInit } from './raw-ssh.ts'
import { message, string, uint32 } from './ssh-fields.ts'

const IDENT = Buffer.from('SSH-2.0-x\r\n')
const pick = <T>(from: readonly T[]): T => {
  const chosen = from[randomInt(from.length)]
  if (chosen === undefined) throw new Error('nothing to pick from')
  return chosen
}
const some = (most: number): Buffer => randomBytes(randomInt(most))
const after = (...parts: Buffer[]): Buffer => Buffer.concat([IDENT, ...parts])
const framed = (length: number, padding: number, body: Buffer): Buffer =>
  Buffer.concat([uint32(length >>> 0), Buffer.from([padding]), body])
const packet = (payload: Buffer, padding?: number): Buffer => {
  const right = 8 - ((5 + payload.byteLength) % 8) + 8
  const body = Buffer.concat([payload, Buffer.alloc(right)])
  return framed(1 + body.byteLength, padding ?? right, body)
}

/** Changes, cuts, repeats or lengthens a few bytes somewhere. */
export const mutate = (bytes: Buffer): Buffer => {
  const changed = Buffer.from(bytes)
  for (let times = 1 + randomInt(4); times > 0 && changed.byteLength > 0; times -= 1)
    changed[randomInt(changed.byteLength)] = pick([0, 1, 0x7f, 0x80, 0xff, randomInt(256)])
  const at = randomInt(changed.byteLength + 1)
  return pick([
    () => changed,
    () => changed.subarray(0, at),
    () => Buffer.concat([changed.subarray(0, at), some(64), changed.subarray(at)]),
    () => Buffer.concat([changed, changed.subarray(at)]),
  ])()
}

const GOOD_INIT = kexInit('curve25519-sha256', true)
const LENGTHS = [0, 1, 7, 11, 12, 13, 35_000, 35_001, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]
const PADDINGS = [0, 1, 3, 127, 255]
const GOOD_KEYS = Object.values(EXCHANGES).map(make => make().ours)

/** What a stranger may write in place of a handshake. */
export const KINDS: Readonly<Record<string, () => Buffer>> = {
  'no identification': () => some(200),
  'an identification of 64 KB': () => Buffer.concat([Buffer.from('SSH-2.0-'), Buffer.alloc(65_536, 0x61)]),
  'returns without end': () => Buffer.alloc(1 + randomInt(20_000), 0x0d),
  'a mutated identification': () => Buffer.concat([mutate(IDENT), packet(GOOD_INIT)]),
  'a wrong length': () => after(framed(pick(LENGTHS), pick(PADDINGS), some(300))),
  'a wrong padding': () => after(packet(GOOD_INIT, pick(PADDINGS))),
  'an empty packet': () => after(packet(Buffer.alloc(0))),
  'noise in a good frame': () => after(packet(some(600))),
  'a mutated KEXINIT': () => after(packet(mutate(GOOD_INIT))),
  'a KEXINIT of compression only': () =>
    after(
      packet(Buffer.concat([GOOD_INIT.subarray(0, 17), ...Array.from({ length: 10 }, () => string('zlib'))])),
    ),
  'a KEXINIT of endless lists': () =>
    after(
      packet(Buffer.concat([GOOD_INIT.subarray(0, 17), string(','.repeat(8_000)), GOOD_INIT.subarray(17)])),
    ),
  'a mutated key': () => after(packet(GOOD_INIT), packet(message(30, string(mutate(pick(GOOD_KEYS)))))),
  'an early packet of any number': () => after(packet(message(randomInt(256), some(40)))),
  'a packet of any number in place of a key': () =>
    after(packet(GOOD_INIT), packet(message(randomInt(256), some(40)))),
  'a good exchange and then no key, but noise': () =>
    after(packet(GOOD_INIT), packet(message(30, string(GOOD_KEYS[0] ?? ''))), packet(message(21)), some(300)),
}

export const KIND_COUNT: number = Object.keys(KINDS).length
export const malformedHandshake = (): Buffer => pick(Object.values(KINDS))()

/** Messages of a session, to be spoilt. */
const text = (value: string): Buffer => string(value)
const no = Buffer.from([0])
const yes = Buffer.from([1])
const request = (type: string, ...fields: Buffer[]): Buffer =>
  message(98, uint32(randomInt(3)), text(type), pick([no, yes]), ...fields)

const SESSION: readonly (() => Buffer)[] = [
  () =>
    message(80, text(pick(['tcpip-forward', 'keepalive@openssh.com', 'no-more-sessions@openssh.com'])), yes),
  () =>
    message(90, text(pick(['session', 'direct-tcpip', 'x11'])), uint32(1), uint32(2 ** 21), uint32(2 ** 15)),
  () => message(91, uint32(0), uint32(0), uint32(2 ** 32 - 1), uint32(randomInt(2 ** 15))),
  () => message(92, uint32(0), uint32(1), text('no'), text('')),
  () => message(93, uint32(randomInt(3)), uint32(pick([0, 1, 2 ** 32 - 1]))),
  () => message(94, uint32(randomInt(3)), string(some(1_000))),
  () => message(95, uint32(randomInt(3)), uint32(randomInt(4)), string(some(100))),
  () => message(pick([96, 97, 99, 100]), uint32(randomInt(3))),
  () => request('pty-req', text('xterm'), uint32(80), uint32(24), uint32(0), uint32(0), string(some(60))),
  () => request('env', text('LANG'), string(some(60))),
  () => request(pick(['exec', 'subsystem', 'signal']), string(some(60))),
  () => request('window-change', uint32(2 ** 32 - 1), uint32(0), uint32(0), uint32(0)),
  () => request(pick(['shell', 'x11-req', 'auth-agent-req@openssh.com', 'break'])),
  () => message(7, uint32(pick([1, 2 ** 32 - 1])), text('server-sig-algs'), string(some(20))),
  () => message(2, string(some(500))),
]

export const malformedMessage = (): Buffer => mutate(pick(SESSION)())
