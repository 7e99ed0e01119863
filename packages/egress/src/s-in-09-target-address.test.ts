import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { counted, figure } from '@sallyport/testing/proof'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEgress, ForbiddenTarget } from './egress.ts'
import { forbiddenBy } from './forbidden.ts'

const rules = { allowLoopback: false, forbidden: ['10.96.0.0/12', 'fd12:3456::/48'] }
const { signal } = new AbortController()

type Octets = readonly [number, number, number, number]

const octet = fc.nat(255)
const within = (...fixed: number[]): fc.Arbitrary<Octets> =>
  fc.tuple(octet, octet, octet, octet).map(free => {
    const [a = 0, b = 0, c = 0, d = 0] = free.map((value, at) => fixed[at] ?? value)
    return [a, b, c, d]
  })

const forbiddenIpv4 = fc.oneof(
  fc.constant<Octets>([127, 0, 0, 1]),
  within(127),
  fc.constant<Octets>([169, 254, 169, 254]),
  within(169, 254),
  within(0),
  fc.constant<Octets>([100, 100, 100, 200]),
  fc.constant<Octets>([168, 63, 129, 16]),
  fc.constant<Octets>([255, 255, 255, 255]),
  fc.tuple(fc.integer({ min: 224, max: 255 }), octet, octet, octet),
  fc.tuple(fc.constant(10), fc.integer({ min: 96, max: 111 }), octet, octet),
)

const numberOf = ([a, b, c, d]: Octets): number => a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d
const hex = (value: number): string => value.toString(16)
const groups = ([a, b, c, d]: Octets): string => `${hex(a * 256 + b)}:${hex(c * 256 + d)}`

/** Other ways to write an IPv4 address that a resolver or a network understands. */
const spellings: Readonly<Record<string, (octets: Octets) => string>> = {
  dotted: octets => octets.join('.'),
  decimal: octets => String(numberOf(octets)),
  hexadecimal: octets => `0x${hex(numberOf(octets))}`,
  octal: octets => `0${numberOf(octets).toString(8)}`,
  'dotted octal': octets => octets.map(value => `0${value.toString(8)}`).join('.'),
  'dotted hexadecimal': octets => octets.map(value => `0x${hex(value)}`).join('.'),
  mixed: ([a, b, c, d]) => `0x${hex(a)}.${b}.0${c.toString(8)}.${d}`,
  'two parts': ([a, b, c, d]) => `${a}.${b * 65_536 + c * 256 + d}`,
  'three parts': ([a, b, c, d]) => `${a}.${b}.${c * 256 + d}`,
  'IPv4-mapped': octets => `::ffff:${octets.join('.')}`,
  'IPv4-mapped in groups': octets => `::FFFF:${groups(octets)}`,
  'IPv4-mapped at length': octets => `0:0:0:0:0:ffff:${groups(octets)}`,
  'IPv4-compatible': octets => `::${octets.join('.')}`,
  'IPv4-translated': octets => `::ffff:0:${groups(octets)}`,
  NAT64: octets => `64:ff9b::${octets.join('.')}`,
  'local NAT64': octets => `64:ff9b:1::${groups(octets)}`,
  '6to4': octets => `2002:${groups(octets)}::1`,
  Teredo: octets => `2001:0:4136:e378:8000:63bf:${groups(octets)}`,
  'with a zone': octets => `::ffff:${octets.join('.')}%lo`,
}

const forbiddenIpv6 = fc.constantFrom(
  '::',
  '::1',
  '0:0:0:0:0:0:0:1',
  '::1%lo',
  'fe80::1',
  'fe80::1%eth0',
  'febf::1',
  'ff02::1',
  'fd00:ec2::254',
  'fd20:ce::254',
  'fd12:3456::7',
  'FD12:3456:0:1::7',
)

const forms: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 9,
    arbitrary: fc
      .tuple(forbiddenIpv4, fc.constantFrom(...Object.values(spellings)))
      .map(([octets, spell]) => spell(octets)),
  },
  { weight: 1, arbitrary: forbiddenIpv6 },
)

describe('S-IN-09: a target is never where no target may be, however its address is written', () => {
  let listener: Server
  let connections = 0
  let port = 0

  beforeAll(async () => {
    listener = createServer(socket => {
      connections += 1
      socket.destroy()
    }).listen(0, '::')
    await once(listener, 'listening')
    ;({ port } = listener.address() as AddressInfo)
  })
  afterAll(() => void listener.close())

  it('refuses every spelling of every forbidden address, and connects to none', async () => {
    const egress = createEgress(rules)
    const count = counted(2_000)
    await fc.assert(
      fc.asyncProperty(forms, async host => {
        const attempt = egress.connect({ host, port, timeoutMs: 2_000, signal })
        await expect(attempt, host).rejects.toThrow(ForbiddenTarget)
      }),
      { numRuns: count },
    )
    expect(connections).toBe(0)
    figure('S-IN-09', `${count} spellings of forbidden addresses, 0 connections`)
  })

  it('knows every spelling of a forbidden address that a name resolves to', async () => {
    const isForbidden = forbiddenBy(rules)
    for (const [name, spell] of Object.entries(spellings)) {
      expect(isForbidden(spell([169, 254, 169, 254])), name).toBe(true)
    }
    for (const address of ['192.0.2.7', '10.95.255.255', '10.112.0.0', '2001:db8::7', '::ffff:192.0.2.7']) {
      expect(isForbidden(address), address).toBe(false)
    }
    expect(isForbidden('64:ff9b::192.0.2.7')).toBe(false)
  })

  it('asks the name server once, and connects to what was checked', async () => {
    const answers = [['127.0.0.1'], ['169.254.169.254']]
    let asked = 0
    const laptop = createEgress({ allowLoopback: true, forbidden: [] }, async () => answers[asked++] ?? [])
    const socket = await laptop.connect({ host: 'rebinding.example', port, timeoutMs: 2_000, signal })
    expect(socket.remoteAddress).toBe('127.0.0.1')
    socket.destroy()
    expect(asked).toBe(1)
    const again = laptop.connect({ host: 'rebinding.example', port, timeoutMs: 2_000, signal })
    await expect(again).rejects.toThrow(ForbiddenTarget)
  })

  it('refuses a name if one of its addresses is forbidden, wherever it stands', async () => {
    for (const addresses of [
      ['192.0.2.7', '127.0.0.1'],
      ['::1', '192.0.2.7'],
    ]) {
      const egress = createEgress(rules, async () => addresses)
      const attempt = egress.connect({ host: 'two.example', port, timeoutMs: 2_000, signal })
      await expect(attempt).rejects.toThrow(ForbiddenTarget)
    }
  })

  it('takes this machine’s other addresses for loopback', () => {
    expect(forbiddenBy(rules, ['192.0.2.200'])('192.0.2.200')).toBe(true)
    expect(forbiddenBy({ ...rules, allowLoopback: true }, ['192.0.2.200'])('192.0.2.200')).toBe(false)
  })

  it('goes to the next address when one does not answer, and stops when it is told to', async () => {
    const laptop = createEgress({ allowLoopback: true, forbidden: [] }, async () => [
      '127.0.0.99',
      '127.0.0.1',
    ])
    const closed = createServer().listen(0, '127.0.0.1')
    await once(closed, 'listening')
    const only = (closed.address() as AddressInfo).port
    const socket = await laptop.connect({ host: 'two.example', port: only, timeoutMs: 2_000, signal })
    expect(socket.remoteAddress).toBe('127.0.0.1')
    socket.destroy()
    closed.close()
    const stopped = laptop.connect({
      host: 'two.example',
      port: only,
      timeoutMs: 2_000,
      signal: AbortSignal.abort(new Error('stopped')),
    })
    await expect(stopped).rejects.toThrow('stopped')
  })
})
