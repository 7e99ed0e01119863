import { createPrivateKey, generateKeyPairSync, randomUUID } from 'node:crypto'
import type { RootKeyProvider } from '@sallyport/crypto/key-provider'
import type { SealContext } from '@sallyport/crypto/seal-context'
import { Secret } from '@sallyport/crypto/secret'
import { asQuery } from '@sallyport/database/failure'
import type { SigningKey } from '@sallyport/identity/statement'
import { importPKCS8 } from 'jose'
import type { Clock } from '../domain/clock.ts'
import type { Prisma } from '../generated/prisma/client.ts'
import type { Store } from '../store/store.ts'

export type Purpose = 'caller-token' | 'grant'

/** The Ed25519 keys that sign caller tokens and grants. Private halves are sealed in the database. */
export type SigningKeys = {
  /** The key that signs now. */
  current(purpose: Purpose): Promise<SigningKey>
  /** A JSON Web Key Set (RFC 7517) of the public halves that verify now. */
  publicKeys(purpose: Purpose): Promise<string>
}

type Deps = { store: Pick<Store, 'platform'>; root: RootKeyProvider; clock: Clock }

/** How long a replica may go on signing with a key that another one has replaced. */
const cacheMs = 2_000

/** Longer than that, plus everything that a key signs, plus clocks that differ. */
const verifyAfterRotationMs = 5 * 60_000

export const createSigningKeys = ({ store, root, clock }: Deps): SigningKeys => {
  const cache = new Map<Purpose, { key: SigningKey; at: number }>()
  const load = async (purpose: Purpose): Promise<SigningKey> => {
    const row = await asQuery(
      store.platform.signingKey.findFirstOrThrow({ where: { purpose, verifyUntil: null } }),
    )
    using der = await root.unwrap(row.privateKey, contextOf(row.id))
    const pem = createPrivateKey({ key: der.bytes(), format: 'der', type: 'pkcs8' })
      .export({ format: 'pem', type: 'pkcs8' })
      .toString()
    return { id: row.id, privateKey: await importPKCS8(pem, 'EdDSA') }
  }
  return {
    current: async purpose => {
      const cached = cache.get(purpose)
      const now = clock.now().getTime()
      if (cached && now - cached.at < cacheMs && now >= cached.at) return cached.key
      const key = await load(purpose)
      cache.set(purpose, { key, at: now })
      return key
    },
    publicKeys: async purpose => {
      const rows = await asQuery(
        store.platform.signingKey.findMany({
          where: { purpose, OR: [{ verifyUntil: null }, { verifyUntil: { gt: clock.now() } }] },
        }),
      )
      return JSON.stringify({ keys: rows.map(row => JSON.parse(row.publicKey)) })
    },
  }
}

/** A key pair ready to be stored. Made before the transaction. */
export type NewSigningKey = Omit<Prisma.SigningKeyCreateInput, 'createdAt'>

export const makeSigningKey = async (root: RootKeyProvider, purpose: Purpose): Promise<NewSigningKey> => {
  const id = `${purpose}-${randomUUID()}`
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  using der = Secret.of(privateKey.export({ format: 'der', type: 'pkcs8' }))
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: id, alg: 'EdDSA', use: 'sig' }
  return {
    id,
    purpose,
    publicKey: JSON.stringify(jwk),
    privateKey: Uint8Array.from(await root.wrap(der, contextOf(id))),
  }
}

/** Puts a new key in the old one's place; the old one verifies until everything it signed has expired. */
export const replaceSigningKey = async (
  tx: Prisma.TransactionClient,
  key: NewSigningKey,
  now: Date,
): Promise<void> => {
  await tx.signingKey.deleteMany({ where: { verifyUntil: { lt: now } } })
  await tx.signingKey.updateMany({
    where: { purpose: key.purpose, verifyUntil: null },
    data: { verifyUntil: new Date(now.getTime() + verifyAfterRotationMs) },
  })
  await tx.signingKey.create({ data: { ...key, createdAt: now } })
}

/** Makes the first keys. Of several replicas that start at once, one wins. */
export const ensureSigningKeys = async ({ store, root, clock }: Deps): Promise<void> => {
  for (const purpose of ['caller-token', 'grant'] as const) {
    if ((await store.platform.signingKey.count({ where: { purpose, verifyUntil: null } })) > 0) continue
    const key = await makeSigningKey(root, purpose)
    await store.platform.signingKey.createMany({
      data: [{ ...key, createdAt: clock.now() }],
      skipDuplicates: true,
    })
  }
}

const contextOf = (id: string): SealContext => ({
  // Platform keys belong to no tenant.
  tenant: '',
  table: 'signing_keys',
  row: id,
  column: 'private_key',
  version: 1,
})
