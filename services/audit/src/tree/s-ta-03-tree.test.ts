import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { growingTree, type Hash, leafHash, pathOf, rootOf } from './merkle.ts'
import { proveInclusion, type ReadNodes, tileSize } from './tiles.ts'

const bodies = (count: number): Buffer[] =>
  Array.from({ length: count }, (_, index) => Buffer.from(`body ${index}`))
const sha256 = (...parts: Buffer[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest()

/** RFC 6962, 2.1, word by word. */
const byTheBook = (leaves: readonly Buffer[]): Buffer => {
  const [only] = leaves
  if (only === undefined) return sha256()
  if (leaves.length === 1) return sha256(Buffer.of(0), only)
  let split = 1
  while (split * 2 < leaves.length) split *= 2
  return sha256(Buffer.of(1), byTheBook(leaves.slice(0, split)), byTheBook(leaves.slice(split)))
}

/** RFC 9162, 2.1.3.2. */
const rootFrom = (leaf: Hash, index: number, size: number, path: readonly Hash[]): Hash | undefined => {
  let [fn, sn, root] = [index, size - 1, leaf]
  for (const step of path) {
    if (sn === 0) return undefined
    if (fn % 2 === 1 || fn === sn) {
      root = sha256(Buffer.of(1), step, root)
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn >> 1, sn >> 1]
    } else root = sha256(Buffer.of(1), root, step)
    ;[fn, sn] = [fn >> 1, sn >> 1]
  }
  return sn === 0 ? root : undefined
}

const tiled = (leaves: readonly Hash[]): ReadNodes => {
  const levels: Hash[][] = [[...leaves]]
  for (let below = leaves; below.length >= tileSize; below = levels.at(-1) ?? []) {
    const tiles = Math.floor(below.length / tileSize)
    levels.push(
      Array.from({ length: tiles }, (_, tile) => rootOf(below.slice(tile * tileSize, (tile + 1) * tileSize))),
    )
  }
  return async (level, from, to) => levels[level]?.slice(from, to) ?? []
}

describe('S-TA-03: the tree over a trail is the one of RFC 6962', () => {
  test('its root is, for every size', () => {
    const tree = growingTree()
    const all = bodies(600)
    for (const [index, body] of all.entries()) {
      tree.add(leafHash(body))
      if (index < 70 || index % 37 === 0) expect(tree.root()).toEqual(byTheBook(all.slice(0, index + 1)))
    }
    expect(rootOf([])).toEqual(byTheBook([]))
  })

  test('its paths lead to the root from every leaf, and from no other place', () => {
    for (let size = 1; size <= 40; size += 1) {
      const leaves = bodies(size).map(leafHash)
      const root = rootOf(leaves)
      for (const [index, leaf] of leaves.entries()) {
        const path = pathOf(leaves, index)
        expect(rootFrom(leaf, index, size, path)).toEqual(root)
        if (size > 1) expect(rootFrom(leaf, (index + 1) % size, size, path)).not.toEqual(root)
      }
    }
  })

  test('read by tiles it is the same, whatever its size', async () => {
    const leaves = bodies(70_000).map(leafHash)
    const read = tiled(leaves)
    const sizes = fc.oneof(
      fc.integer({ min: 1, max: 70_000 }),
      fc.constantFrom(1, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, 65_792, 65_793),
    )
    await fc.assert(
      fc.asyncProperty(sizes, fc.nat(), async (size, seed) => {
        const index = seed % size
        const { root, path } = await proveInclusion(read, size, index)
        expect(rootFrom(leaves[index] ?? Buffer.alloc(0), index, size, path)).toEqual(root)
        if (size < 2_000) expect(root).toEqual(rootOf(leaves.slice(0, size)))
        expect(path.length).toBeLessThanOrEqual(Math.ceil(Math.log2(size)))
      }),
      { numRuns: 60 },
    )
  })
})
