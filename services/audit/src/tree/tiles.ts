import { type Hash, pathOf, rootOf } from './merkle.ts'

/** How many neighbours share one stored node. */
export const tileSize = 256

/** Reads the nodes of a level from a place up to another one. Level 0 are the leaves; above it only full tiles count. */
export type ReadNodes = (level: number, from: number, to: number) => Promise<readonly Hash[]>

export type Inclusion = { readonly root: Hash; readonly path: readonly Hash[] }

const tileOf = (place: number): number => Math.floor(place / tileSize)

/**
 * Proves that a leaf is in the tree of the first `size` leaves. On each level it reads the leaf's tile and the last one,
 * which may be a part: 512 nodes of 32 bytes at most, however large the tree is.
 */
export const proveInclusion = async (read: ReadNodes, size: number, leaf: number): Promise<Inclusion> => {
  const path: Hash[] = []
  let [count, place] = [size, leaf]
  // The root of what follows the last full tile, on the level below.
  let rest: Hash | undefined
  for (let level = 0; ; level += 1) {
    const full = tileOf(count)
    const tail = await read(level, full * tileSize, count)
    const last = rest ? [...tail, rest] : tail
    const tile = tileOf(place)
    const own = tile === full ? last : await read(level, tile * tileSize, (tile + 1) * tileSize)
    path.push(...pathOf(own, place % tileSize))
    rest = last.length > 0 ? rootOf(last) : undefined
    if (full === 0) return { root: rootOf(last), path }
    ;[count, place] = [full, tile]
  }
}

/** The root of the tree of the first `size` leaves. */
export const rootAt = async (read: ReadNodes, size: number): Promise<Hash> =>
  (await proveInclusion(read, size, size - 1)).root
