import { decodeBody } from './body.ts'
import { genesis, type Head, linkMac, type Mac } from './chain.ts'
import type { Checkpoint } from './checkpoint.ts'
import { strayColumns } from './columns.ts'
import { type Suspect, suspectOf } from './suspect.ts'

/** A row as it is stored, with whatever somebody may have made of it. */
export type ChainRow = {
  readonly sequence: number
  readonly columns: Readonly<Record<string, unknown>>
  readonly body: Uint8Array
  readonly mac: Uint8Array
}

export type Problem =
  | 'edited'
  | 'removed'
  | 'inserted'
  | 'reordered'
  | 'cut off'
  | 'rewritten'
  | 'forged checkpoint'

/** `badSequence`: the first record that is not as it was written; every one before it is. */
export type Finding = { readonly problem: Problem; readonly badSequence: number }

export type Verdict = {
  /** The records that are proved, from the first. */
  readonly records: number
  readonly checkpoints: number
  readonly finding: Finding | undefined
}

/** The tree over a trail, as it is walked. */
export type TrailTree = { readonly add: (body: Uint8Array) => void; readonly root: () => Uint8Array }

export type Trail = {
  /** In the order of their sequence numbers. */
  readonly rows: AsyncIterable<ChainRow>
  readonly checkpoints: readonly Checkpoint[]
  /** Where the chain said that it ended, before the rows were read. */
  readonly head?: Head | undefined
  readonly mac: Mac
  readonly isSigned: (checkpoint: Checkpoint) => boolean
  readonly tree: TrailTree
}

const equal = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

/** What the walk saw where a checkpoint is. */
type Passed = { readonly mac: Uint8Array; readonly root?: Uint8Array }

type Walk = { end: Head; suspect: Suspect | undefined; readonly passed: Map<number, Passed> }

const step = (walk: Walk, row: ChainRow, { mac, tree }: Pick<Trail, 'mac' | 'tree'>): void => {
  const place = walk.end.sequence + 1
  const record = decodeBody(row.body)
  const isGenuine = equal(linkMac(mac, walk.end.mac, place, row.body), row.mac)
  if (walk.suspect) return walk.suspect.look(record.sequence, isGenuine)
  if (isGenuine && row.sequence === place && strayColumns(row.columns, record).length === 0) {
    walk.end = { sequence: place, mac: row.mac }
    tree.add(row.body)
    if (walk.passed.has(place)) walk.passed.set(place, { mac: row.mac, root: tree.root() })
    return
  }
  walk.suspect = suspectOf({ isGenuine, rowSequence: row.sequence, bodySequence: record.sequence, place })
}

const judge = ({ end, suspect, passed }: Walk, trail: Trail): Finding | undefined => {
  if (suspect) return { problem: suspect.problem(), badSequence: end.sequence + 1 }
  const forged = trail.checkpoints.find(checkpoint => !trail.isSigned(checkpoint))
  if (forged) return { problem: 'forged checkpoint', badSequence: forged.sequence }
  return rewritten(trail.checkpoints, end, passed) ?? cutOff(trail, end)
}

// The chain is whole, but it is another one than was signed: cut off and grown again, or made anew with the key.
const rewritten = (
  checkpoints: readonly Checkpoint[],
  end: Head,
  passed: ReadonlyMap<number, Passed>,
): Finding | undefined => {
  let proved = 0
  for (const checkpoint of checkpoints.toSorted((a, b) => a.sequence - b.sequence)) {
    const { sequence } = checkpoint
    if (sequence > end.sequence) return undefined
    if (!isAsSigned(checkpoint, passed.get(sequence)))
      return { problem: 'rewritten', badSequence: proved + 1 }
    proved = sequence
  }
  return undefined
}

const isAsSigned = ({ mac, root }: Checkpoint, passed: Passed | undefined): boolean =>
  equal(passed?.mac ?? genesis.mac, mac) &&
  (!root || (passed?.root !== undefined && equal(passed.root, root)))

const cutOff = ({ checkpoints, head }: Trail, end: Head): Finding | undefined => {
  const known = checkpoints.reduce((most, { sequence }) => Math.max(most, sequence), head?.sequence ?? 0)
  return known > end.sequence ? { problem: 'cut off', badSequence: end.sequence + 1 } : undefined
}

/** Checks a tenant's chain from its first record to its last, and against every checkpoint. */
export const verifyChain = async (trail: Trail): Promise<Verdict> => {
  const passed = new Map(trail.checkpoints.map(({ sequence }): [number, Passed] => [sequence, genesis]))
  const walk: Walk = { end: genesis, suspect: undefined, passed }
  for await (const row of trail.rows) step(walk, row, trail)
  return { records: walk.end.sequence, checkpoints: trail.checkpoints.length, finding: judge(walk, trail) }
}
