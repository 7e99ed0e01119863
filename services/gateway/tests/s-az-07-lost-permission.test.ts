import { SallyportError } from '@sallyport/errors/error'
import { AuthenticateResponse } from '@sallyport/contracts/access_control/v1/authentication'
import { figure } from '@sallyport/testing/proof'
import { describe, expect, test } from 'vitest'
import type { Call } from './fake-client.ts'
import { fakeUpstreams, sessionId, tenantId, userId } from './fake-upstreams.ts'
import { bearer, testGateway } from './gateway.ts'
import { someId } from './sample-bodies.ts'

/** Speaks for as long as somebody listens. */
async function* endless({ options: { signal } }: Call): AsyncGenerator<object> {
  const isOver = (): boolean => signal?.aborted === true
  while (!isOver()) {
    yield { line: '{"version":3}', chunk: Buffer.from('{"version":3}') }
    await new Promise(resolve => setImmediate(resolve))
  }
  throw new SallyportError('request.canceled')
}

const holder = (permissions: string[]) => (): AuthenticateResponse =>
  AuthenticateResponse.fromPartial({
    callerTokens: { 'session-proxy': 'caller token for session-proxy' },
    tenantId,
    userId,
    userName: 'alice',
    permissions,
    sessionId,
  })

describe('S-AZ-07: who loses a permission', () => {
  test.each([
    ['live', 'session.read', 'SessionService/WatchSession'],
    ['recording.cast', 'recording.read', 'SessionService/DownloadRecording'],
  ])('reads no further in %s', async (path, permission, method) => {
    const upstreams = fakeUpstreams({
      [method]: endless,
      'AuthenticationService/Authenticate': holder([permission]),
    })
    const everyMs = 20
    await using gateway = await testGateway({
      upstreams,
      config: { rightsWatch: { everyMs, graceMs: 60_000 } },
    })
    const address = await gateway.app.listen({ host: '127.0.0.1', port: 0 })
    const reply = await fetch(`${address}/v1/sessions/${someId}/${path}`, { headers: bearer })
    const reader = reply.body?.getReader()
    expect((await reader?.read())?.done).toBe(false)

    const lostAt = performance.now()
    upstreams.answers = {
      ...upstreams.answers,
      'AuthenticationService/Authenticate': holder(['device.read']),
    }
    const end = await (async () => {
      try {
        while (!(await reader?.read())?.done);
      } catch {
        // The connection was cut, which is how a reader learns that there is no more.
      }
      return performance.now() - lostAt
    })()
    // The next look at the rights, and a second for a busy machine.
    expect(end).toBeLessThan(everyMs + 1_000)
    figure('S-AZ-07', `a stream ended ${end.toFixed(0)} ms after the permission, asked every ${everyMs} ms`)
  })
})
