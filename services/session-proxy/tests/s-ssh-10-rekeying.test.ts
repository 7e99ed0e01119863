import { createCipheriv, createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { counted, figure, isNightly } from '@sallyport/testing/proof'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Door, openDoor } from './support/door.ts'
import { connectRaw, kexInit } from './support/raw-ssh.ts'
import { startSsh } from './support/ssh-client.ts'
import { missingSsh, missingSshd, type Sshd, startSshd } from './support/sshd.ts'

const missing = missingSsh ?? missingSshd
const GIGABYTE = 1024 ** 3
const LIMIT = isNightly ? GIGABYTE : 6 * 1024 ** 2
const BYTES = counted(20 * GIGABYTE, 100 * 1024 ** 2)
const NIGHT_MILLISECONDS = 7_200_000

/** The same bytes every time, no two megabytes alike. */
async function* stream(bytes: number): AsyncGenerator<Buffer> {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, 1), Buffer.alloc(16))
  const zeros = Buffer.alloc(256 * 1024)
  for (let left = bytes; left > 0; left -= zeros.byteLength)
    yield cipher.update(zeros.subarray(0, Math.min(left, zeros.byteLength)))
}

const digestOf = async (source: AsyncIterable<Buffer> | Readable): Promise<string> => {
  const hash = createHash('sha256')
  for await (const chunk of source) hash.update(chunk)
  return hash.digest('hex')
}

const exchangesIn = (log: string): number => log.split('SSH2_MSG_NEWKEYS received').length - 1

describe.skipIf(missing !== undefined)(`S-SSH-10: new keys for a long session ${missing ?? ''}`, () => {
  let sshd: Sshd
  let door: Door
  beforeAll(async () => {
    sshd = await startSshd(['RekeyLimit default none', 'LogLevel DEBUG1'])
    door = await openDoor(sshd.facts, { rekey: { bytes: LIMIT } })
  })
  afterAll(async () => {
    await door[Symbol.asyncDispose]()
    sshd.stop()
  })

  it(
    'are made on both legs as often as is due, and every byte arrives as it was sent',
    async () => {
      const args = ['-o', 'LogLevel=DEBUG1', '-o', 'RekeyLimit=default none']
      const { child, ended } = startSsh({ port: door.port, command: 'cat', args, keepsOutput: false })
      const [sent, received] = [digestOf(stream(BYTES)), digestOf(child.stdout)]
      await pipeline(stream(BYTES), child.stdin)
      const { status, stderr } = await ended
      expect(status).toBe(0)
      expect(await received).toBe(await sent)
      // One for the beginning.
      const client = exchangesIn(stderr) - 1
      const target = exchangesIn(readFileSync(join(sshd.folder, 'log'), 'utf8')) - 1
      expect(Math.min(client, target)).toBeGreaterThanOrEqual(20)
      const megabytes = (2 * BYTES) / 1024 ** 2
      figure(
        'S-SSH-10',
        `${megabytes.toLocaleString('en')} MiB both ways identical, ${client} and ${target} exchanges`,
      )
    },
    NIGHT_MILLISECONDS,
  )

  it('are not waited for without end', async () => {
    await using impatient = await openDoor(sshd.facts, { rekey: { exchangeSeconds: 0.1 } })
    using raw = await connectRaw(impatient.port)
    await raw.exchangeKeys()
    raw.send(kexInit('curve25519-sha256', true))
    const types: (number | undefined)[] = []
    for (let got = await raw.next(); got !== undefined; got = await raw.next()) types.push(got[0])
    expect(types.at(-1)).toBe(1)
  })
})
