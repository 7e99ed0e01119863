import { Secret } from '@sallyport/crypto/secret'
import { SallyportError } from '@sallyport/errors/error'
import type { BegunRotation, RotationVault } from '../../src/clients/vault.ts'

type Rotation = { state: 'open' | 'promoted' | 'abandoned'; candidate: string; fencingToken: bigint }

export type FakeVault = RotationVault & {
  current: string
  /** Every secret that was ever current. */
  readonly history: string[]
  readonly rotations: Map<string, Rotation>
  /** Thrown by the next call, once. */
  failNext: Error | undefined
}

type Options = {
  current: string
  username: string
  target: BegunRotation['target']
  privileged?: () => BegunRotation['privileged']
}

/** Vault's contract for rotations, for one credential: one candidate for each operation, and fencing. */
export const fakeVault = ({
  current,
  username,
  target,
  privileged = () => undefined,
}: Options): FakeVault => {
  const rotations = new Map<string, Rotation>()
  let made = 0
  const fail = () => {
    const error = vault.failNext
    vault.failNext = undefined
    if (error !== undefined) throw error
  }
  const fenced = (rotation: Rotation, token: bigint) => {
    if (token < rotation.fencingToken) throw new SallyportError('rotation.fenced')
    rotation.fencingToken = token
  }
  const end = (id: string, token: bigint, state: 'promoted' | 'abandoned') => {
    const rotation = rotations.get(id)
    if (rotation === undefined) throw new SallyportError('rotation.not_found')
    fenced(rotation, token)
    if (rotation.state === state) return undefined
    if (rotation.state !== 'open') throw new SallyportError('rotation.ended')
    rotation.state = state
    return rotation
  }
  const create = (id: string, fencingToken: bigint): Rotation => {
    for (const [other, { state }] of rotations) {
      if (other !== id && state === 'open') throw new SallyportError('rotation.in_progress')
    }
    made += 1
    const rotation: Rotation = { state: 'open', candidate: `Candidate-${made}-':"$x`, fencingToken }
    rotations.set(id, rotation)
    return rotation
  }
  const vault: FakeVault = {
    current,
    history: [current],
    rotations,
    failNext: undefined,
    begin: async ({ rotationId, fencingToken }) => {
      fail()
      const known = rotations.get(rotationId)
      if (known !== undefined) fenced(known, fencingToken)
      if (known !== undefined && known.state !== 'open') throw new SallyportError('rotation.ended')
      const { candidate } = known ?? create(rotationId, fencingToken)
      return {
        target,
        account: { username, domain: '', deviceName: 'web-1' },
        kind: 'password',
        candidate: Secret.fromUtf8(candidate),
        current: vault.current === '' ? undefined : Secret.fromUtf8(vault.current),
        privileged: privileged(),
        resumed: known !== undefined,
      }
    },
    promote: async ({ rotationId, fencingToken }) => {
      fail()
      const rotation = end(rotationId, fencingToken, 'promoted')
      if (rotation !== undefined) {
        vault.current = rotation.candidate
        vault.history.push(rotation.candidate)
      }
      return vault.history.length
    },
    abandon: async ({ rotationId, fencingToken }) => {
      fail()
      end(rotationId, fencingToken, 'abandoned')
    },
  }
  return vault
}
