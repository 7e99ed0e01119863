import { Secret } from '@sallyport/crypto/secret'
import {
  type DeviceServiceService,
  type HostKey,
  SecretKind,
  type TargetServiceService,
} from '@sallyport/contracts/vault/v1/inventory'
import type { BeginRotationResponse, RotationServiceService } from '@sallyport/contracts/vault/v1/secrets'
import { SallyportError } from '@sallyport/errors/error'
import type { RpcClient } from '@sallyport/rpc/client'
import type { SignIn, Target } from '../executors/executor.ts'

/** Names a rotation at vault. Vault refuses whoever comes with an older fencing token than it has seen. */
export type RotationName = { tenantId: string; rotationId: string; fencingToken: bigint }

export type Account = { username: string; domain: string; deviceName: string }

/** Everything for one attempt. The secrets must be disposed of with it. */
export type BegunRotation = {
  target: Target
  account: Account
  kind: SignIn['kind']
  candidate: Secret
  /** Undefined: the credential has had no secret yet. */
  current: Secret | undefined
  privileged: SignIn | undefined
  /** The target may know the candidate already. */
  resumed: boolean
}

/** Vault's half of the journal. */
export type RotationVault = {
  begin(
    name: RotationName,
    statements: { own: string; privileged: string | undefined },
    signal: AbortSignal,
  ): Promise<BegunRotation>
  /** Gives the number of the version that is current now. Saying it twice is no error. */
  promote(name: RotationName): Promise<number>
  abandon(name: RotationName): Promise<void>
}

/** Where things are, without secrets. */
export type Inventory = {
  /** Throws `credential.not_found` or `device.not_found`. */
  checkTarget(tenantId: string, credentialId: string, deviceId: string): Promise<void>
  /** The device as the person behind the token may see it. */
  deviceOf(callerToken: string, deviceId: string): Promise<DeviceAddress>
}

export type DeviceAddress = { address: string; hostKeys: readonly HostKey[] }

type Rotations = RpcClient<typeof RotationServiceService>
type Targets = Pick<RpcClient<typeof TargetServiceService>, 'getTarget'>
type Devices = Pick<RpcClient<typeof DeviceServiceService>, 'getDevice'>

export const rotationVaultOf = (client: Rotations): RotationVault => ({
  begin: async ({ rotationId: operationId, fencingToken }, { own, privileged }, signal) => {
    const request = { statement: own, operationId, fencingToken, privilegedStatement: privileged ?? '' }
    return begunOf(await client.beginRotation(request, { signal }))
  },
  promote: async ({ tenantId, rotationId: operationId, fencingToken }) =>
    (await client.promoteCandidate({ tenantId, operationId, fencingToken })).currentVersion,
  abandon: async ({ tenantId, rotationId: operationId, fencingToken }) => {
    await client.abandonCandidate({ tenantId, operationId, fencingToken })
  },
})

export const inventoryOf = (targets: Targets, devices: Devices): Inventory => ({
  checkTarget: async (tenantId, credentialId, deviceId) => {
    await targets.getTarget({ tenantId, credentialId, deviceId })
  },
  deviceOf: async (callerToken, id) => {
    const { device } = await devices.getDevice({ id }, { callerToken })
    if (device === undefined) throw new SallyportError('device.not_found')
    return device
  },
})

const begunOf = (answer: BeginRotationResponse): BegunRotation => {
  const { endpoint } = answer
  if (endpoint === undefined || answer.candidate.length === 0) throw new SallyportError('internal')
  const { address, port, hostKeys, username, domain, deviceName } = endpoint
  return {
    target: { address, port, hostKeys: keysFor(port, hostKeys) },
    account: { username, domain, deviceName },
    kind: kindOf(answer.kind),
    candidate: Secret.of(answer.candidate),
    current: answer.current.length === 0 ? undefined : Secret.of(answer.current),
    privileged: privilegedOf(answer),
    resumed: answer.resumed,
  }
}

const keysFor = (port: number, keys: readonly HostKey[]) =>
  keys.filter(key => key.port === port).map(key => key.publicKey)

const privilegedOf = (answer: BeginRotationResponse): SignIn | undefined => {
  if (answer.privilegedSecret.length === 0) return undefined
  return {
    username: answer.privilegedUsername,
    kind: kindOf(answer.privilegedKind),
    secret: Secret.of(answer.privilegedSecret),
  }
}

const kindOf = (kind: SecretKind): SignIn['kind'] => {
  if (kind === SecretKind.PASSWORD) return 'password'
  if (kind === SecretKind.SSH_KEY) return 'ssh-key'
  throw new SallyportError('rotation.unsupported')
}
