import type { Measurement, Side } from './row.ts'

/** What a row gave: its measurements, or why there are none. */
export type Outcome = {
  readonly id: string
  readonly title: string
  readonly measurements: readonly Measurement[]
  /** What to install. */
  readonly missing?: string
  readonly failure?: string
}

export const columns: readonly string[] = [
  'row',
  'work',
  'ours',
  'peer',
  'ratio',
  'target',
  'reached',
  'CPU s (ours, peer)',
  'MB (ours, peer)',
]

/** One line for each measurement, in the order of `columns`. */
export const linesOf = ({ id, title, measurements, missing, failure }: Outcome): string[][] => {
  const why = missing === undefined ? failure && `failed: ${failure}` : `needs ${missing}`
  const nothing = [id, title, '', '', '', '', why ?? 'nothing measured', '', '']
  return measurements.length === 0 ? [nothing] : measurements.map(one => lineOf(id, one))
}

const lineOf = (id: string, one: Measurement): string[] => [
  id,
  one.note === undefined ? one.what : `${one.what} (${one.note})`,
  `${short(one.ours.value)} ${one.unit}`,
  one.peer === undefined ? '' : `${short(one.peer.value)} ${one.unit}, ${one.peer.name}`,
  one.ratio === undefined ? '' : one.ratio.toFixed(2),
  one.target,
  one.reached ? 'yes' : '**no**',
  both(one, side => side.cpuSeconds.toFixed(1)),
  both(one, side => side.residentMegabytes.toFixed(0)),
]

const both = ({ ours, peer }: Measurement, text: (side: Side) => string): string =>
  peer === undefined ? text(ours) : `${text(ours)}, ${text(peer)}`

/** Three significant digits, without an exponent. */
const short = (value: number): string =>
  Math.abs(value) >= 100
    ? Math.round(value).toLocaleString('en')
    : Number(value.toPrecision(3)).toLocaleString('en', { maximumFractionDigits: 6 })

/** As Markdown, which people can read too. */
export const renderTable = (head: readonly string[], lines: readonly (readonly string[])[]): string => {
  const widths = head.map((name, column) =>
    Math.max(name.length, ...lines.map(line => (line[column] ?? '').length)),
  )
  const row = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`
  return [row(head), `|${widths.map(width => '-'.repeat(width + 2)).join('|')}|`, ...lines.map(row)].join(
    '\n',
  )
}
