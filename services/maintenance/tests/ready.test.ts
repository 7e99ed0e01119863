import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const run = async (...urls: readonly string[]): Promise<{ status: number; stdout: string }> => {
  const program = join(import.meta.dirname, '../src/ready-main.ts')
  const child = spawn(process.execPath, ['--conditions=source', program, ...urls], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [stdout, [status]] = await Promise.all([text(child.stdout), once(child, 'close')])
  return { status, stdout }
}

describe('The program that asks services whether they are ready', () => {
  const server = createServer(({ url }, response) => {
    response.statusCode = url === '/ready' ? 200 : 503
    response.end('{"missing":["database"]}')
  })
  let base: string
  beforeAll(async () => {
    await once(server.listen(0, '127.0.0.1'), 'listening')
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(async () => {
    await once(server.close(), 'close')
  })

  it('succeeds if all are', async () => {
    const outcome = await run(`${base}/ready`, `${base}/ready`)
    expect(outcome).toEqual({ status: 0, stdout: `${base}/ready: ready\n`.repeat(2) })
  })

  it('fails if one is not, and says what it said', async () => {
    const { status, stdout } = await run(`${base}/ready`, `${base}/not`)
    expect(status).toBe(1)
    expect(stdout).toContain('/not: 503 {"missing":["database"]}')
  })

  it('fails if nobody answers, or nobody was named', async () => {
    const { status, stdout } = await run('http://127.0.0.1:1/ready')
    expect(status).toBe(1)
    expect(stdout).not.toContain('ready\n')
    expect((await run()).status).toBe(1)
  })
})
