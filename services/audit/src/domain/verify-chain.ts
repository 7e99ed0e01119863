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

export type Trail = {
  /** In the order of their sequence numbers. */
  readonly rows: AsyncIterable<ChainRow>
  readonly checkpoints: readonly Checkpoint[]
  /** Where the chain said that it ended, before the rows were read. */
  readonly head?: Head | undefined
  readonly mac: Mac
  readonly isSigned: (checkpoint: Checkpoint) => boolean
}

const equal = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

type Walk = { end: Head; suspect: Suspect | undefined; readonly passed: Map<number, Uint8Array> }

const step = (walk: Walk, row: ChainRow, mac: Mac): void => {
  const place = walk.end.sequence + 1
  const record = decodeBody(row.body)
  const isGenuine = equal(linkMac(mac, walk.end.mac, place, row.body), row.mac)
  if (walk.suspect) return walk.suspect.look(record.sequence, isGenuine)
  if (isGenuine && row.sequence === place && strayColumns(row.columns, record).length === 0) {
    walk.end = { sequence: place, mac: row.mac }
    if (walk.passed.has(place)) walk.passed.set(place, row.mac)
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
  passed: ReadonlyMap<number, Uint8Array>,
): Finding | undefined => {
  let proved = 0
  for (const { sequence, mac } of checkpoints.toSorted((a, b) => a.sequence - b.sequence)) {
    if (sequence > end.sequence) return undefined
    if (!equal(passed.get(sequence) ?? genesis.mac, mac))
      return { problem: 'rewritten', badSequence: proved + 1 }
    proved = sequence
  }
  return undefined
}

const cutOff = ({ checkpoints, head }: Trail, end: Head): Finding | undefined => {
  const known = checkpoints.reduce((most, { sequence }) => Math.max(most, sequence), head?.sequence ?? 0)
  return known > end.sequence ? { problem: 'cut off', badSequence: end.sequence + 1 } : undefined
}

/** Checks a tenant's chain from its first record to its last, and against every checkpoint. */
export const verifyChain = async (trail: Trail): Promise<Verdict> => {
  const passed = new Map(trail.checkpoints.map(({ sequence }) => [sequence, genesis.mac]))
  const walk: Walk = { end: genesis, suspect: undefined, passed }
  for await (const row of trail.rows) step(walk, row, trail.mac)
  return { records: walk.end.sequence, checkpoints: trail.checkpoints.length, finding: judge(walk, trail) }
}
