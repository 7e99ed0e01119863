import { counted, figure } from '@sallyport/testing/proof'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fakeUpstreams } from './fake-upstreams.ts'
import {
  contentTypes,
  type FuzzDocument,
  type FuzzedRequest,
  requestsTo,
  type Target,
  targetsOf,
} from './fuzzed-requests.ts'
import { bearer, type TestGateway, testGateway } from './gateway.ts'
import { misfitsOf } from './json-schema.ts'
import { sampleAnswers } from './sample-answers.ts'

describe('S-IN-01: whatever is sent to a route is refused or harmless', () => {
  let gateway: TestGateway
  let document: FuzzDocument
  beforeAll(async () => {
    gateway = await testGateway({ upstreams: fakeUpstreams(sampleAnswers) })
    document = (await gateway.app.inject({ url: '/v1/openapi.json' })).json()
  })
  afterAll(() => gateway[Symbol.asyncDispose]())

  const isAsking = ({ method }: { method: string }): boolean =>
    method !== 'AuthenticationService/Authenticate'

  /** How often a handler did something. @throws if it was given what the document does not allow */
  const send = async ({ target, url, headers, payload }: FuzzedRequest): Promise<boolean> => {
    gateway.upstreams.calls.length = 0
    const reply = await gateway.app.inject({
      method: target.method,
      url,
      headers: { ...bearer, ...headers },
      ...(payload !== undefined && { payload }),
    })
    expect(reply.statusCode, reply.body).toBeLessThan(500)
    if (!gateway.upstreams.calls.some(isAsking)) return false
    const type = headers['content-type']
    expect([undefined, ...contentTypes.good]).toContain(type)
    expect(bodyMisfits(target, payload)).toEqual([])
    expect(queryMisfits(target, url)).toEqual([])
    return true
  }

  const bodyMisfits = ({ method, body }: Target, payload: string | undefined): string[] => {
    // What comes with a GET is not even read.
    if (!body) return payload && method !== 'GET' ? ['there is a body'] : []
    return misfitsOf(JSON.parse(payload ?? ''), body, document.components.schemas)
  }

  const queryMisfits = ({ query }: Target, url: string): string[] => {
    const known = new Map(query.map(({ name, schema }) => [name, schema]))
    return [...new URLSearchParams(url.split('?')[1])].flatMap(([name, value]) => {
      const schema = known.get(name)
      return schema ? misfitsOf(value, schema, document.components.schemas, name) : [`${name} is unknown`]
    })
  }

  test('no request makes the gateway fail, and no handler gets what its schemas do not accept', async () => {
    const count = counted(200_000, 3_000)
    const targets = targetsOf(document)
    let handled = 0
    await fc.assert(
      fc.asyncProperty(requestsTo(targets), async request => {
        if (await send(request)) handled += 1
      }),
      { numRuns: count },
    )
    // Otherwise nothing was proved of the handlers.
    expect(handled).toBeGreaterThan(count * 0.1)
    figure(
      'S-IN-01',
      `${count} requests to ${targets.length} routes, 0 × 5xx, 0 unvalidated of ${handled} handled`,
    )
  }, 1_200_000)
})
