import { createHash, randomBytes, randomInt } from 'node:crypto'
import { chmod, mkdtemp, open, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** A large file in memory that everybody may read. */
export type Payload = AsyncDisposable & {
  readonly path: string
  readonly bytes: number
  readonly sha256: string
}

const BLOCK_BYTES = 16 * 1024 * 1024

/** `text` is lines of a log; `binary` is random. Both repeat after 16 MiB, which no recorder's segment can see. */
export const makePayload = async (kind: 'text' | 'binary', bytes: number): Promise<Payload> => {
  const folder = await mkdtemp('/dev/shm/sallyport-bench-')
  await chmod(folder, 0o755)
  const path = join(folder, 'payload')
  const block = kind === 'text' ? logLines(BLOCK_BYTES) : randomBytes(BLOCK_BYTES)
  const hash = createHash('sha256')
  await using file = await open(path, 'w', 0o644)
  for (let written = 0; written < bytes; written += BLOCK_BYTES) {
    const part = block.subarray(0, Math.min(BLOCK_BYTES, bytes - written))
    hash.update(part)
    await file.writeFile(part)
  }
  const sha256 = hash.digest('hex')
  return { path, bytes, sha256, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
}

const WORDS =
  'accepted connection from session closed for user started stopped unit service kernel eth0 link up'
const words = WORDS.split(' ')

/** Like the system log of a busy machine. */
const logLines = (bytes: number): Buffer => {
  const lines: string[] = []
  for (let length = 0, index = 0; length < bytes; index += 1) {
    const time = new Date(1_790_000_000_000 + index * 137).toISOString()
    const said = Array.from({ length: randomInt(4, 14) }, () => words[randomInt(words.length)]).join(' ')
    const line = `${time} web-${randomInt(20)} sshd[${randomInt(40_000)}]: ${said} ${randomInt(2 ** 32)}\n`
    lines.push(line)
    length += line.length
  }
  return Buffer.from(lines.join('')).subarray(0, bytes)
}
