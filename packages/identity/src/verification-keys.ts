import { SallyportError } from '@sallyport/errors/error'
import { type CryptoKey, importJWK, type JWK } from 'jose'
import { z } from 'zod'

const keySet = z.object({
  keys: z.array(
    z.object({ kid: z.string(), kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string() }),
  ),
})

export type KeyPurpose = 'caller-token' | 'grant'

/** Finds the public key of a key id, or refuses. */
export type KeyFinder = (purpose: KeyPurpose, keyId: string) => Promise<CryptoKey>

type Sources = {
  /** Asks access-control for its JSON Web Key Sets (RFC 7517). */
  readonly fetch: () => Promise<{ callerTokenKeys: string; grantKeys: string }>
  readonly now: () => number
}

/**
 * An unknown key id asks access-control again: it may have begun to sign with a new key this moment. Garbage cannot
 * flood it: so many times a second, and no more.
 */
const mostRefreshesPerSecond = 5

/**
 * The public keys of caller tokens and grants, fetched when first needed and again when an unknown key id shows up.
 * The two purposes are kept apart: a caller-token key never verifies a grant.
 */
export const createKeyFinder = ({ fetch, now }: Sources): KeyFinder => {
  let keys: Readonly<Record<KeyPurpose, ReadonlyMap<string, CryptoKey>>> | undefined
  let refreshes: readonly number[] = []
  let underway: Promise<void> | undefined
  let failure: { readonly cause: unknown } | undefined

  const refresh = async (): Promise<void> => {
    try {
      const sets = await fetch()
      keys = {
        'caller-token': await importSet(sets.callerTokenKeys),
        grant: await importSet(sets.grantKeys),
      }
      failure = undefined
    } catch (cause) {
      failure = { cause }
      throw cause
    }
  }
  const mayRefresh = (): boolean => {
    const at = now()
    refreshes = refreshes.filter(earlier => at - earlier < 1_000)
    if (refreshes.length >= mostRefreshesPerSecond) return false
    refreshes = [...refreshes, at]
    return true
  }
  const refreshOnce = (): Promise<void> => {
    underway ??= refresh().finally(() => {
      underway = undefined
    })
    return underway
  }

  return async (purpose, keyId) => {
    if (!keys?.[purpose].has(keyId) && (underway !== undefined || mayRefresh())) await refreshOnce()
    const key = keys?.[purpose].get(keyId)
    // Who could not ask does not know: the same question is worth repeating.
    if (!key && failure) throw failure.cause
    if (!key) throw new SallyportError('caller.token_invalid', 'It is signed with a key that is not in use')
    return key
  }
}

const importSet = async (json: string): Promise<ReadonlyMap<string, CryptoKey>> => {
  const parsed = keySet.parse(JSON.parse(json))
  const pairs = await Promise.all(parsed.keys.map(async jwk => [jwk.kid, await importPublic(jwk)] as const))
  return new Map(pairs)
}

const importPublic = async (jwk: JWK): Promise<CryptoKey> => {
  const key = await importJWK(jwk, 'EdDSA')
  if (key instanceof Uint8Array) throw new SallyportError('internal')
  return key
}
