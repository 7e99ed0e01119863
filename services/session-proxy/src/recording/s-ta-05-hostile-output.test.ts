import { randomBytes, randomInt, randomUUID } from 'node:crypto'
import { newSealingKey, open, seal } from '@sallyport/crypto/envelope'
import { counted, figure } from '@sallyport/testing/proof'
import { describe, expect, it } from 'vitest'
import { watchHub } from '../sessions/watch-hub.ts'
import { openRecorder } from './recorder.ts'
import { checkSegments } from './verify.ts'

const total = counted(100_000)
const STREAMS_OF_ONE_RECORDING = 500

const rootKey = newSealingKey('root-1')
const keys = {
  wrap: async (material: Parameters<typeof seal>[1], context: Parameters<typeof seal>[2]) =>
    seal(rootKey, material, context),
  unwrap: async (blob: Uint8Array, context: Parameters<typeof seal>[2]) => open(rootKey, blob, context),
}
const clock = { now: () => new Date() }

/** What terminals, browsers and parsers of lines have fallen for. */
const seeds: readonly (string | Buffer)[] = [
  '\u001b]52;c;cm0gLXJmIC8=\u0007',
  '\u001b]0;owned\u0007\u001b]2;owned\u001b\\',
  '\u001bP$q"p\u001b\\\u001b[6n\u001b[>c\u001b[21t',
  '\u001b[999999999999999999999999999999999999;1H',
  `\u001b[${'1;'.repeat(5_000)}m`,
  '\u001b]8;;javascript:alert(1)\u0007click\u001b]8;;\u0007',
  '\u001bPq#0;2;0;0;0#0~~@@vv@@~~@@~~$#0-\u001b\\',
  '</script><script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '"],[0,"x","0"]\n[0,"o","forged"]\n',
  '\r\n\r\ndata: forged\n\nevent: forged\n',
  '\u2028\u2029\u0000\u0085\u009b31m\ufeff\ufffe\u202e',
  '{"version":3,"term":{"cols":1,"rows":1}}\n',
  Buffer.from([
    0xc3, 0x28, 0xa0, 0xe2, 0x28, 0xa1, 0xf0, 0x28, 0x8c, 0xbc, 0xff, 0xfe, 0xc0, 0x80, 0xed, 0xa0, 0x80,
  ]),
  Buffer.from([0xf0, 0x9f, 0x9a]),
  '\u{1f680}世é',
]

const hostileStream = (): Buffer => {
  const parts = Array.from({ length: 1 + randomInt(6) }, () => {
    const seed = Buffer.from((seeds[randomInt(seeds.length)] ?? '') as string)
    if (randomInt(3) > 0 || seed.byteLength === 0) return seed
    const changed = Buffer.from(seed)
    for (let change = 0; change < 1 + randomInt(4); change += 1)
      changed[randomInt(changed.byteLength)] = randomInt(256)
    return changed.subarray(0, randomInt(changed.byteLength + 1))
  })
  return Buffer.concat(randomInt(10) === 0 ? [...parts, randomBytes(randomInt(200))] : parts)
}

type Event = { readonly code: string; readonly data: string }

const eventOf = (line: string): Event => {
  const parsed: unknown = JSON.parse(line)
  if (!Array.isArray(parsed) || parsed.length !== 3) throw new Error(`Not an event: ${line}`)
  const [interval, code, data]: unknown[] = parsed
  if (typeof interval !== 'number' || interval < 0) throw new Error(`Not an interval: ${line}`)
  if (typeof code !== 'string' || typeof data !== 'string') throw new Error(`Not an event: ${line}`)
  return { code, data }
}

describe('S-TA-05: hostile output of a terminal is data wherever it is shown again', () => {
  it('becomes lines of asciicast that are only what they say, without losing a byte, in time', async () => {
    let [streams, bytes] = [0, 0]
    const start = process.cpuUsage()
    while (streams < total) {
      const id = { tenantId: randomUUID(), sessionId: randomUUID() }
      const segments: Buffer[] = []
      const sink = {
        append: async (segment: Buffer) => void segments.push(segment),
        sync: async () => {},
        close: async () => {},
      }
      const cast = {
        cols: 80,
        rows: 24,
        startedAt: clock.now(),
        title: hostileStream().toString(),
        command: hostileStream().toString(),
      }
      const recorder = await openRecorder({ store: { create: async () => sink }, keys, clock }, id, cast)
      const ending = new AbortController()
      const watched: string[] = []
      const watching = (async () => {
        for await (const line of watchHub(recorder, ending.signal).watch(new AbortController().signal))
          watched.push(line)
      })()
      const sent: Buffer[] = []
      for (let count = 0; count < STREAMS_OF_ONE_RECORDING; count += 1) sent.push(hostileStream())
      // A few at once, as they come: a watcher of all at once would not keep up.
      for (let next = 0; next < sent.length; next += 20) {
        await Promise.all(sent.slice(next, next + 20).map(stream => recorder.output(stream)))
        await new Promise(resolve => setImmediate(resolve))
      }
      await recorder.end(0)
      ending.abort()
      await watching

      let lines = ''
      for await (const checked of checkSegments(stream(segments), id, keys)) {
        expect(checked.kind).toBe('good')
        if (checked.kind === 'good') lines += checked.lines
      }
      const [header = '', ...rest] = lines.trimEnd().split('\n')
      expect(JSON.parse(header)).toMatchObject({ version: 3, title: cast.title, command: cast.command })
      const events = rest.map(eventOf)
      expect(events.filter(({ code }) => !['o', 'b', 'p', 'x'].includes(code))).toEqual([])
      expect(events.filter(({ code }) => code === 'x')).toHaveLength(1)
      const shown = events.flatMap(({ code, data }) =>
        code === 'o' ? [Buffer.from(data)] : code === 'b' ? [Buffer.from(data, 'base64')] : [],
      )
      expect(Buffer.concat(shown).equals(Buffer.concat(sent))).toBe(true)
      // Nothing that a terminal, a page or an event stream obeys, wherever the lines are shown.
      for (const line of [header, ...rest, ...watched]) expect(line).not.toMatch(CONTROL)
      for (const line of watched.slice(1)) eventOf(line)
      streams += sent.length
      bytes += Buffer.concat(sent).byteLength
    }
    const { user, system } = process.cpuUsage(start)
    const secondsOfMegabyte = (user + system) / 1e6 / (bytes / 1e6)
    expect(secondsOfMegabyte).toBeLessThan(3)
    figure(
      'S-TA-05',
      `${streams} hostile streams, ${(bytes / 1e6).toFixed(1)} MB: every line is an event, no byte lost, ${secondsOfMegabyte.toFixed(2)} s of processor time a MB`,
    )
  }, 1_800_000)
})

// oxlint-disable-next-line no-control-regex -- these are what must not be there.
const CONTROL = /[<\u0000-\u001f\u007f-\u009f\u2028\u2029]/

async function* stream(segments: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* segments
}
