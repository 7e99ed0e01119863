import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { machineKind } from './machine.ts'
import { help, parseOptions } from './options.ts'
import { writePerformancePage } from './performance-page.ts'
import { type Effort, Missing, type Row } from './row.ts'
import { columns, linesOf, type Outcome, renderTable } from './table.ts'

const folder = join(import.meta.dirname, 'rows')

/** The rows whose ids were asked for, in the order of their names; all if none were. */
const loadRows = async (ids: readonly string[]): Promise<Row[]> => {
  const names = (await readdir(folder)).filter(name => name.endsWith('.ts')).toSorted()
  const known = names.map(name => name.slice(0, -'.ts'.length).toUpperCase())
  const unknown = ids.filter(id => !known.includes(id))
  if (unknown.length > 0) throw new Error(`There is no ${unknown.join(', ')}. There are: ${known.join(', ')}`)
  const wanted = names.filter((_, index) => ids.length === 0 || ids.includes(known[index] ?? ''))
  return Promise.all(wanted.map(loadRow))
}

const loadRow = async (name: string): Promise<Row> => {
  const loaded: { row: Row } = await import(join(folder, name))
  return loaded.row
}

const outcomeOf = async ({ id, title, run }: Row, effort: Effort): Promise<Outcome> => {
  try {
    return { id, title, measurements: await run(effort) }
  } catch (error) {
    if (error instanceof Missing) return { id, title, measurements: [], missing: error.message }
    console.error(error)
    return { id, title, measurements: [], failure: firstLine(error) }
  }
}

const firstLine = (error: unknown): string => String(error).split('\n')[0] ?? ''

const options = parseOptions(process.argv.slice(2))
const rows = options.help ? [] : await loadRows(options.ids)
if (options.help) console.log(help)
else if (options.list) for (const { id, title } of rows) console.log(`${id}  ${title}`)
else {
  const machine = machineKind()
  const date = new Date().toISOString().slice(0, 10)
  const outcomes: Outcome[] = []
  for (const row of rows) {
    console.error(`${row.id}: ${row.title} …`)
    outcomes.push(await outcomeOf(row, options.effort))
  }
  if (options.json) console.log(JSON.stringify({ date, machine, outcomes }, undefined, 2))
  else console.log(`\n${date}, ${machine}\n\n${renderTable(columns, outcomes.flatMap(linesOf))}`)
  if (options.write) await writePerformancePage(outcomes, machine, date)
  if (outcomes.some(({ failure }) => failure !== undefined)) process.exitCode = 1
}
