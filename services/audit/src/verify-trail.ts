import type { ChainKeys } from './chain-keys.ts'
import { readCheckpointFile } from './checkpoints/checkpoint-files.ts'
import { type TrailTree, type Verdict, verifyChain } from './domain/verify-chain.ts'
import type { TrailSource } from './store/trail-source.ts'
import { growingTree, leafHash } from './tree/merkle.ts'

export type VerifyDeps = {
  readonly source: Omit<TrailSource, 'tenants'>
  readonly keys: Pick<ChainKeys, 'macOf' | 'isSigned'>
  /** The second place where checkpoints are kept. Without it a rolled back database looks whole. */
  readonly checkpointDirectory: string | undefined
}

/** Verifies one tenant's trail against its key, and against the checkpoints of both places. */
export const verifyTrail = async (deps: VerifyDeps, tenantId: string): Promise<Verdict> => {
  const { source, keys, checkpointDirectory } = deps
  const head = await source.head(tenantId)
  const stored = await source.checkpoints(tenantId)
  const filed = checkpointDirectory ? await readCheckpointFile(checkpointDirectory, tenantId) : []
  const checkpoints = [...stored, ...filed]
  const { macOf, isSigned } = keys
  const verdict = await verifyChain({
    rows: source.rows(tenantId),
    checkpoints,
    head,
    mac: macOf(tenantId),
    isSigned,
    tree: trailTree(),
  })
  return { ...verdict, checkpoints: new Set(checkpoints.map(({ sequence }) => sequence)).size }
}

const trailTree = (): TrailTree => {
  const tree = growingTree()
  return { add: body => tree.add(leafHash(body)), root: tree.root }
}
