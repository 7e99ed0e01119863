import { SallyportError } from '@sallyport/errors/error'
import { exportJWK, generateKeyPair } from 'jose'
import { describe, expect, it } from 'vitest'
import { createKeyFinder } from './verification-keys.ts'

const jwk = async (kid: string) => {
  const { publicKey } = await generateKeyPair('EdDSA', { extractable: true })
  return { ...(await exportJWK(publicKey)), kid }
}

const finder = async () => {
  const published = { keys: [await jwk('first')] }
  let time = 0
  let fetches = 0
  let away = false
  const find = createKeyFinder({
    fetch: async () => {
      fetches += 1
      if (away) throw new SallyportError('service.unavailable')
      return { callerTokenKeys: JSON.stringify(published), grantKeys: '{"keys":[]}' }
    },
    now: () => time,
  })
  return {
    find,
    publish: async (kid: string) => void published.keys.push(await jwk(kid)),
    wait: (milliseconds: number) => {
      time += milliseconds
    },
    leave: (isAway: boolean) => {
      away = isAway
    },
    fetches: () => fetches,
  }
}

describe('the finder of verification keys', () => {
  it('knows a new key at once, however fresh the old ones are', async () => {
    const { find, publish } = await finder()
    await find('caller-token', 'first')
    await publish('second')
    await expect(find('caller-token', 'second')).resolves.toBeDefined()
  })

  it('never uses a key for the other purpose', async () => {
    const { find } = await finder()
    await expect(find('grant', 'first')).rejects.toMatchObject({ reason: 'caller.token_invalid' })
  })

  it('is not made to flood access-control by garbage', async () => {
    const { find, wait, fetches } = await finder()
    for (let garbage = 0; garbage < 100; garbage += 1) {
      await expect(find('caller-token', `garbage ${garbage}`)).rejects.toMatchObject({
        code: 'unauthenticated',
      })
    }
    expect(fetches()).toBe(5)
    wait(1_000)
    await expect(find('caller-token', 'first')).resolves.toBeDefined()
  })

  it('does not call a key unknown that it could not ask about, however often it was asked', async () => {
    const { find, leave, wait, fetches } = await finder()
    leave(true)
    for (let time = 0; time < 20; time += 1) {
      await expect(find('caller-token', 'first')).rejects.toMatchObject({ code: 'unavailable' })
    }
    expect(fetches()).toBe(5)
    leave(false)
    wait(1_000)
    await expect(find('caller-token', 'first')).resolves.toBeDefined()
    await expect(find('caller-token', 'never')).rejects.toMatchObject({ code: 'unauthenticated' })
  })

  it('asks once for all who wait', async () => {
    const { find, fetches } = await finder()
    await Promise.all(Array.from({ length: 20 }, () => find('caller-token', 'first')))
    expect(fetches()).toBe(1)
  })
})
