import { hash } from 'node:crypto'

/** SHA-256. */
export type Hash = Buffer

const sha256 = (...parts: readonly Uint8Array[]): Hash => hash('sha256', Buffer.concat(parts), 'buffer')

const leafPrefix = Buffer.from([0])
const nodePrefix = Buffer.from([1])

/** RFC 6962, 2.1: a leaf and a node have different first bytes, so that neither can stand for the other. */
export const leafHash = (body: Uint8Array): Hash => sha256(leafPrefix, body)

const nodeHash = (left: Hash, right: Hash): Hash => sha256(nodePrefix, left, right)

/** A tree that grows by one leaf after the other, and keeps only what its root takes. */
export type GrowingTree = { readonly add: (leaf: Hash) => void; readonly root: () => Hash }

export const growingTree = (): GrowingTree => {
  // The roots of its full subtrees, the largest first: one for each bit of its size.
  const peaks: Hash[] = []
  let size = 0
  return {
    add: leaf => {
      let grown = leaf
      for (let rest = size; rest % 2 === 1; rest = (rest - 1) / 2)
        grown = nodeHash(peaks.pop() ?? leaf, grown)
      peaks.push(grown)
      size += 1
    },
    root: () => {
      const smallest = peaks.at(-1)
      if (smallest === undefined) return sha256()
      return peaks.slice(0, -1).reduceRight((right, left) => nodeHash(left, right), smallest)
    },
  }
}

/** The root over hashes of leaves, or of subtrees of one full size (but for the last). */
export const rootOf = (hashes: readonly Hash[]): Hash => {
  const tree = growingTree()
  for (const one of hashes) tree.add(one)
  return tree.root()
}

/** The hashes that lead from one of them to their root, the nearest first (RFC 6962, 2.1.1). */
export const pathOf = (hashes: readonly Hash[], index: number): Hash[] => {
  if (hashes.length <= 1) return []
  const split = 2 ** Math.ceil(Math.log2(hashes.length) - 1)
  const [left, right] = [hashes.slice(0, split), hashes.slice(split)]
  return index < split
    ? [...pathOf(left, index), rootOf(right)]
    : [...pathOf(right, index - split), rootOf(left)]
}
