import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { createLogger } from '@sallyport/telemetry/logger'
import { counted, figure } from '@sallyport/testing/proof'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { auditEvent } from './record.ts'
import { toOcsf } from './ocsf.ts'

const hostile = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      '\n',
      '\r',
      '\r\n',
      '\u0085',
      '\u2028',
      '\u2029',
      '\0',
      '\u000b',
      '\u001b[2J',
      '\u009b31m',
    ),
    fc.constantFrom('|', '=', '"', '\\', ',', ';', '{"a":1}', 'CEF:0|', '<13>1 ', ' ', 'key=value'),
    fc.constantFrom('\u202e', '\u2066', '\u200b', '\ufeff', '\ud800', '\udfff', '😀', 'é'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
  maxLength: 60,
})

/** One event with hostile text wherever somebody outside can put some. */
const lineOf = (text: string): string => {
  const source = {
    service: 'session-proxy',
    tenantId: randomUUID(),
    actor: { kind: 'user', id: text, name: text, loginSessionId: text, sourceAddress: text },
  } as const
  const event = auditEvent(source, 'session.refused', {
    target: { kind: 'credential', id: text, name: text },
    requestId: text,
    sessionId: text,
    grantId: text,
    outcome: 'failure',
    details: { protocol: text, target: text, reason: text, credential_id: text, device_id: text },
  })
  return JSON.stringify(toOcsf(event))
}

type Parser = { readonly name: string; readonly command: readonly [string, ...string[]] }

const python =
  'import json,sys\nfor line in sys.stdin.buffer.read().split(b"\\n")[:-1]: print(json.loads(line)["class_uid"])'
const parsers: readonly Parser[] = [
  { name: 'Python’s json', command: ['python3', '-c', python] },
  { name: 'jq', command: ['jq', '-c', '.class_uid'] },
]

const isMissing = ({ command: [program] }: Parser): boolean => {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`])
    return false
  } catch {
    return true
  }
}

describe('S-TA-06: one event is one record, whatever is in its fields', () => {
  const count = counted(5_000)
  const texts = fc.sample(hostile, count)
  const lines = texts.map(lineOf)
  // What else reads lines splits them at these too.
  // oxlint-disable-next-line no-control-regex -- finding them is the point
  const separators = /[\r\n\u000b\u000c\u001c-\u001e\u0085\u2028\u2029]/

  it('is one line of JSON, and says what it is', () => {
    for (const line of lines) {
      expect(line).not.toMatch(separators)
      expect(JSON.parse(line)).toMatchObject({
        metadata: { event_code: 'session.refused' },
        status: 'Failure',
      })
    }
    figure(
      'S-TA-06',
      `${count} hostile events, one record each for JSON.parse and the parsers that are installed`,
    )
  })

  it.for(parsers)('is one record for $name', (parser, { skip }) => {
    if (isMissing(parser)) skip(`needs ${parser.command[0]}`)
    const [program, ...args] = parser.command
    const options = { input: `${lines.join('\n')}\n`, maxBuffer: 1e9 }
    const records = execFileSync(program, args, options).toString().trim().split('\n')
    expect(records.length).toBe(count)
    expect(new Set(records).size).toBe(1)
  })

  it('is one line of a log too', () => {
    const written: string[] = []
    const log = createLogger('test', 'info', { write: (line: string) => void written.push(line) })
    for (const text of texts) {
      log
        .child({ requestId: text })
        .info({ user: text, err: new Error(text), [text]: text }, 'Something happened')
    }
    expect(written.length).toBe(count)
    for (const line of written) {
      expect(line.slice(0, -1)).not.toMatch(/[\r\n]/)
      expect(JSON.parse(line)).toMatchObject({ service: 'test', msg: 'Something happened' })
    }
  })
})
