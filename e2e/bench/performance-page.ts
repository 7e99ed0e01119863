import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { columns, linesOf, type Outcome, renderTable } from './table.ts'

const path = join(import.meta.dirname, '../../docs/performance.md')
const [BEGIN, END] = ['<!-- bench: begin -->', '<!-- bench: end -->']

/** Puts what was measured into docs/performance.md. Rows that were not measured now stay, unless it was another machine. */
export const writePerformancePage = async (
  outcomes: readonly Outcome[],
  machine: string,
  date: string,
): Promise<void> => {
  const page = await readFile(path, 'utf8')
  await writeFile(path, updatedPage(page, outcomes, machine, date))
}

export const updatedPage = (
  page: string,
  outcomes: readonly Outcome[],
  machine: string,
  date: string,
): string => {
  const [before, rest = ''] = page.split(BEGIN)
  const [old = '', after] = rest.split(END)
  if (before === undefined || after === undefined) throw new Error(`${path} has no ${BEGIN} and ${END}`)
  const measured = new Set(outcomes.map(({ id }) => id))
  const kept = old.includes(machine) ? cellsOf(old).filter(([id = '']) => !measured.has(id)) : []
  const fresh = outcomes.flatMap(outcome => linesOf(outcome).map(line => [...line, date]))
  const lines = [...kept, ...fresh].toSorted(([a = ''], [b = '']) => a.localeCompare(b))
  return `${before}${BEGIN}\nMachine: ${machine}\n\n${renderTable([...columns, 'date'], lines)}\n${END}${after}`
}

/** The cells of a table of Markdown, without its head. */
const cellsOf = (text: string): string[][] =>
  text
    .split('\n')
    .filter(line => line.startsWith('| '))
    .slice(1)
    .map(line =>
      line
        .slice(1, -1)
        .split('|')
        .map(cell => cell.trim()),
    )
