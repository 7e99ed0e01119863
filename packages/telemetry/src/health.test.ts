import { connect } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type HealthOptions, serveHealth } from './health.ts'

const warnings: string[] = []
const log = {
  warn: (fields: { missing?: string }) => void warnings.push(fields.missing ?? ''),
} as never

const open = (parts: Pick<HealthOptions, 'needs' | 'uses'> & Partial<Pick<HealthOptions, 'meter'>>) =>
  serveHealth({ host: '127.0.0.1', port: 0, log, meter: { text: async () => 'up 1\n' }, ...parts })

const ask = async (address: string, path: string, method = 'GET'): Promise<[number, unknown]> => {
  const response = await fetch(`http://${address}${path}`, { method })
  return [response.status, method === 'GET' ? await response.json() : undefined]
}

describe('serveHealth', () => {
  it('tells the metrics, also while something is missing', async () => {
    await using health = await open({ needs: { database: () => false } })
    const response = await fetch(`http://${health.address}/metrics`)
    expect([response.status, await response.text()]).toEqual([200, 'up 1\n'])
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
  })

  it('answers 500 when they cannot be read, and goes on', async () => {
    const text = async (): Promise<string> => {
      throw new Error('connect ECONNREFUSED 10.0.0.1:5432')
    }
    await using health = await open({ needs: {}, meter: { text } })
    expect(await ask(health.address, '/metrics')).toEqual([500, {}])
    expect(await ask(health.address, '/livez')).toEqual([200, { status: 'ok' }])
  })

  it('is ready when nothing is missing', async () => {
    await using health = await open({ needs: { database: async () => 1 }, uses: { 'event log': () => true } })
    expect(await ask(health.address, '/readyz')).toEqual([200, { status: 'ok', missing: [] }])
  })

  it.each<[string, () => boolean | Promise<unknown>]>([
    ['is false', () => false],
    ['is false later', async () => false],
    ['fails', async () => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.1:5432'))],
    [
      'fails at once',
      () => {
        throw new Error('connect ECONNREFUSED 10.0.0.1:5432')
      },
    ],
    ['says nothing', () => new Promise(() => {})],
  ])('is not when what it needs %s, and names it', async (_title, check) => {
    await using health = await open({ needs: { database: check, keys: () => true } })
    expect(await ask(health.address, '/readyz')).toEqual([
      503,
      { status: 'unavailable', missing: ['database'] },
    ])
    expect(await ask(health.address, '/livez')).toEqual([200, { status: 'ok' }])
  })

  it('is still ready without what it only uses, and names that too', async () => {
    await using health = await open({ needs: { database: () => true }, uses: { 'event log': () => false } })
    expect(await ask(health.address, '/readyz')).toEqual([
      200,
      { status: 'degraded', missing: ['event log'] },
    ])
  })

  it('asks its parts once for a crowd', async () => {
    let asked = 0
    await using health = await open({ needs: { database: async () => (asked += 1) } })
    await Promise.all(Array.from({ length: 40 }, () => ask(health.address, '/readyz')))
    expect(asked).toBe(1)
  })

  it('has nothing else', async () => {
    await using health = await open({ needs: {} })
    for (const path of ['/', '/readyz/', '/readyz?x', '/%6civez'])
      expect((await ask(health.address, path))[0], path).toBe(404)
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS'])
      expect((await ask(health.address, '/readyz', method))[0], method).toBe(405)
  })

  it('outlives whatever is sent', async () => {
    await using health = await open({ needs: {} })
    const port = Number(health.address.split(':')[1])
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async bytes => {
        const socket = connect(port, '127.0.0.1')
        await new Promise<void>(resolve => {
          socket
            .on('error', () => {})
            .on('close', () => resolve())
            .resume()
          socket.end(bytes)
        })
      }),
      { numRuns: 50 },
    )
    expect((await ask(health.address, '/livez'))[0]).toBe(200)
  })

  it('does not start on a port that is taken', async () => {
    await using health = await open({ needs: {} })
    const port = Number(health.address.split(':')[1])
    const meter = { text: async () => '' }
    await expect(serveHealth({ host: '127.0.0.1', port, needs: {}, meter, log })).rejects.toThrow(
      /EADDRINUSE/,
    )
  })
})
