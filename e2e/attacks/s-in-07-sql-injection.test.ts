import { existsSync } from 'node:fs'
import { counted, figure } from '@sallyport/testing/proof'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Target, targetsOf } from '../../services/gateway/tests/fuzzed-requests.ts'
import type { FuzzDocument } from '../../services/gateway/tests/fuzzed-requests.ts'
import { sampleBodies, someId } from '../../services/gateway/tests/sample-bodies.ts'
import { sqlPayloads } from '../support/sql-payloads.ts'
import { openStage, type Stage } from '../support/stage.ts'

const unlimited = 10_000_000
const limits = {
  read: unlimited,
  write: unlimited,
  login: unlimited,
  secret: unlimited,
  badTokens: unlimited,
}

/** These would end the attack: by signing out, or by connecting to what the payload made of an address. */
const leftOut: ReadonlySet<string> = new Set(['logOut', 'changePassword', 'scanHostKeys'])

type Place = { readonly target: Target; readonly in: 'path' | 'query' | 'body'; readonly name: string }

const placesOf = (target: Target): Place[] => [
  ...(target.path.includes('{id}') ? [{ target, in: 'path', name: 'id' } as const] : []),
  ...target.query.map(({ name }) => ({ target, in: 'query', name }) as const),
  ...Object.keys(target.body?.properties ?? {}).map(name => ({ target, in: 'body', name }) as const),
]

describe('S-IN-07: no parameter reaches the database as anything but a value', () => {
  let stage: Stage
  let places: readonly Place[]
  beforeAll(async () => {
    stage = await openStage({ limits })
    const document = await stage.admin.api.get<FuzzDocument>('/openapi.json')
    places = targetsOf(document)
      .filter(({ name }) => !leftOut.has(name))
      .flatMap(placesOf)
  })
  afterAll(() => stage?.[Symbol.asyncDispose]())

  const inject = async ({ target, in: where, name }: Place, payload: string): Promise<number> => {
    const path = target.path.replace('{id}', where === 'path' ? encodeURIComponent(payload) : someId)
    const query = where === 'query' ? `?${new URLSearchParams({ [name]: payload }).toString()}` : ''
    const sample = (sampleBodies as Readonly<Record<string, Readonly<Record<string, unknown>>>>)[target.name]
    const value = Array.isArray(sample?.[name]) ? [payload] : payload
    const body = target.body && JSON.stringify(where === 'body' ? { ...sample, [name]: value } : sample)
    const response = await fetch(`${stage.platform.apiUrl}${path.replace('{sequence}', '1')}${query}`, {
      method: target.method,
      headers: {
        authorization: `Bearer ${stage.admin.api.token}`,
        'if-match': '"1"',
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body }),
    })
    await response.body?.cancel()
    return response.status
  }

  test('nothing fails, waits, or is changed', async () => {
    const count = counted(20_000, 500)
    for (let at = 0; at < count; at += 1) {
      const place = places[at % places.length]
      const payload = sqlPayloads[at % sqlPayloads.length]
      if (!place || payload === undefined) throw new Error('There are none')
      const startedAt = performance.now()
      const what = `${payload} as ${place.name} of ${place.target.name}`
      expect(await inject(place, payload), what).toBeLessThan(500)
      expect(performance.now() - startedAt, what).toBeLessThan(8_000)
    }
    const { items } = await stage.admin.api.get<{ items: { userName: string }[] }>('/users?limit=200')
    expect(items.map(({ userName }) => userName)).toContain('admin')
    expect(items.map(({ userName }) => userName)).not.toContain('pwned')
    expect(existsSync('/tmp/pwned')).toBe(false)
    figure('S-IN-07', `${count} payloads in ${places.length} parameters, 0 × 5xx, 0 delays, 0 changes`)
  }, 900_000)
})
