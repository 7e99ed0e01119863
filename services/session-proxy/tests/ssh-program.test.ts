import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkSegments } from '../src/recording/verify.ts'
import { type Door, openDoor } from './support/door.ts'
import { recordingKeys, TENANT_ID } from './support/fakes.ts'
import { ssh } from './support/ssh-client.ts'
import { missingSsh, missingSshd, type Sshd, startSshd } from './support/sshd.ts'

const missing = missingSsh ?? missingSshd

const recordedLines = async (door: Door, sessionId: string): Promise<unknown[][]> => {
  const id = { tenantId: TENANT_ID, sessionId }
  let text = ''
  for await (const checked of checkSegments(door.recordings.read(id), id, recordingKeys)) {
    expect(checked.kind).toBe('good')
    if (checked.kind === 'good') text += checked.lines
  }
  return text
    .trim()
    .split('\n')
    .slice(1)
    .map(line => JSON.parse(line) as unknown[])
}

const recordedBytes = (lines: unknown[][]): Buffer =>
  Buffer.concat(
    lines
      .filter(([, code]) => code === 'o' || code === 'b')
      .map(([, code, data]) => Buffer.from(String(data), code === 'b' ? 'base64' : 'utf8')),
  )

const lastSessionId = (door: Door): string =>
  String(door.ledger.entries.findLast(entry => entry.kind === 'started')?.what['id'])

describe.skipIf(missing !== undefined)(`a command through the proxy ${missing ?? ''}`, () => {
  let sshd: Sshd
  let door: Door

  beforeAll(async () => {
    sshd = await startSshd()
    door = await openDoor(() => sshd.facts())
  })
  afterAll(async () => {
    await door[Symbol.asyncDispose]()
    sshd.stop()
  })

  it('gives its output, its stderr and its exit status', async () => {
    const ran = await ssh({ port: door.port, command: 'echo out; echo err >&2; exit 7' })
    expect(ran.stderr).toBe('err\n')
    expect(ran.stdout.toString()).toBe('out\n')
    expect(ran.status).toBe(7)
    expect(door.ledger.ends().at(-1)).toMatchObject({ reason: 'closed', exitStatus: 7 })
  })

  it('gets its input, and the end of it', async () => {
    const input = randomBytes(3_000_000)
    const ran = await ssh({ port: door.port, command: 'sha256sum' }, input)
    expect(ran.stdout.toString()).toContain(createHash('sha256').update(input).digest('hex'))
  })

  it('gives binary output unchanged, and the recording has every byte of it', async () => {
    const ran = await ssh({
      port: door.port,
      command: 'head -c 20000000 /dev/urandom | tee /dev/stderr | sha256sum >&2; head -c 100 /dev/zero',
      args: ['-o', 'LogLevel=QUIET'],
    })
    expect(ran.status).toBe(0)
    expect(ran.stdout.byteLength).toBe(100)
    const recorded = recordedBytes(await recordedLines(door, lastSessionId(door)))
    expect(recorded.byteLength).toBe(20_000_000 + 67 + 1 + 100)
  })

  it('survives new keys on both legs in the middle of a transfer', async () => {
    const ran = await ssh({
      port: door.port,
      command: 'head -c 20000000 /dev/urandom | tee /dev/stderr 2>&1 >/dev/null | cat',
      args: ['-o', 'RekeyLimit=1M'],
    })
    expect(ran.status).toBe(0)
    expect(ran.stdout.byteLength).toBe(20_000_000)
    const recorded = recordedBytes(await recordedLines(door, lastSessionId(door)))
    expect(recorded.equals(ran.stdout)).toBe(true)
  }, 60_000)

  it('tells a signal as a signal', async () => {
    const ran = await ssh({ port: door.port, command: 'kill -TERM $$' })
    expect(ran.status).toBe(255)
    expect(door.ledger.ends().at(-1)).toMatchObject({ exitStatus: 143 })
  })

  it('gets language variables, and no others', async () => {
    const ran = await ssh({
      port: door.port,
      command: 'echo $LC_ALL.$LD_PRELOAD.$SALLYPORT_REASON.',
      args: ['-o', 'SetEnv=LC_ALL=C.UTF-8 LD_PRELOAD=/tmp/x.so SALLYPORT_REASON=INC-7'],
    })
    expect(ran.stdout.toString()).toBe('C.UTF-8...\n')
  })

  it('has a terminal when it asks for one', async () => {
    const ran = await ssh({ port: door.port, command: 'tty; stty size; echo done', args: ['-tt'] })
    expect(ran.stdout.toString()).toMatch(/^\/dev\/pts\/\d+\r\n\d+ \d+\r\ndone\r\n$/)
  })

  it('forgets the secret once it was used', () => {
    expect(door.vault.released.length).toBeGreaterThan(0)
    for (const secret of door.vault.released) expect(() => secret.bytes()).toThrow(TypeError)
  })

  it('ends the login when the client has gone', async () => {
    await expect.poll(() => door.authentication.loggedOut).toBeGreaterThan(0)
  })
})
