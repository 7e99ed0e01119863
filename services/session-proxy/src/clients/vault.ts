import { Secret } from '@sallyport/crypto/secret'
import { SallyportError } from '@sallyport/errors/error'
import { SecretKind } from '@sallyport/contracts/vault/v1/inventory'
import type { SecretServiceService } from '@sallyport/contracts/vault/v1/secrets'
import type { RpcClient } from '@sallyport/rpc/client'

/** A secret with everything that is needed to use it at its target. Dispose of it as soon as it was used. */
export type Released = {
  readonly kind: 'password' | 'ssh-key'
  readonly secret: Secret
  readonly address: string
  readonly port: number
  /** With its domain, as the target expects it. */
  readonly username: string
  /** SSH wire format. Only these are accepted. */
  readonly hostKeys: readonly Buffer[]
}

export type Vault = {
  /** Consumes the grant. */
  release(token: string, statement: string): Promise<Released>
}

type Client = Pick<RpcClient<typeof SecretServiceService>, 'releaseSecret'>

export const vaultOf = (client: Client): Vault => ({
  release: async (callerToken, statement) => {
    const { kind, secret, endpoint } = await client.releaseSecret({ statement }, { callerToken })
    if (endpoint === undefined) throw new SallyportError('session.refused')
    const { address, port, domain, username, hostKeys } = endpoint
    return {
      kind: kindOf(kind),
      secret: Secret.of(secret),
      address,
      port,
      username: domain === '' ? username : `${domain}\\${username}`,
      hostKeys: hostKeys.filter(key => key.port === port).map(key => key.publicKey),
    }
  },
})

const kindOf = (kind: SecretKind): Released['kind'] => {
  if (kind === SecretKind.PASSWORD) return 'password'
  if (kind === SecretKind.SSH_KEY) return 'ssh-key'
  throw new SallyportError('session.refused')
}
