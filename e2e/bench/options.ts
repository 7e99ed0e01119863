import { parseArgs } from 'node:util'
import type { Effort } from './row.ts'

export const help = `Usage: pnpm bench [ids…] [options]

Measures Sallyport beside its peers and prints one table. Without ids: every row.

  --quick    less of everything, and two pairs of two seconds: for a first look, never for a figure that is told
  --pairs N  so many pairs, 2 to 100; with --quick, the small sizes at a number of pairs that may be told
  --json     for machines
  --write    also puts the table into docs/performance.md
  --list     tells the rows
  --help     this text
`

export type BenchOptions = {
  readonly ids: readonly string[]
  readonly effort: Effort
  readonly json: boolean
  readonly write: boolean
  readonly list: boolean
  readonly help: boolean
}

const THOROUGH: Effort = { pairs: 5, seconds: 10, quick: false }
const QUICK: Effort = { pairs: 2, seconds: 2, quick: true }
const flag = { type: 'boolean', default: false } as const

export const parseOptions = (args: readonly string[]): BenchOptions => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { quick: flag, pairs: { type: 'string' }, json: flag, write: flag, list: flag, help: flag },
  })
  const effort = values.quick ? QUICK : THOROUGH
  const pairs = Number(values.pairs ?? effort.pairs)
  if (!Number.isInteger(pairs) || pairs < 2 || pairs > 100)
    throw new Error('--pairs is a number from 2 to 100')
  return { ...values, ids: positionals.map(id => id.toUpperCase()), effort: { ...effort, pairs } }
}
