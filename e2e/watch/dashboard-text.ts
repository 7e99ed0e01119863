import { filledIn, type Panel, readDashboard } from '../../charts/tests/dashboard.ts'

type Sample = { readonly metric: Readonly<Record<string, string>>; readonly value: readonly [number, string] }
type Answer = {
  readonly status: string
  readonly data: { readonly result: readonly Sample[] }
  readonly error?: string
}

const ask = async (url: string, expression: string): Promise<readonly Sample[]> => {
  const answer = await fetch(`${url}/api/v1/query`, {
    method: 'POST',
    body: new URLSearchParams({ query: expression }),
  })
  const { status, data, error } = (await answer.json()) as Answer
  if (status !== 'success') throw new Error(`${error ?? status}: ${expression}`)
  return data.result
}

const short = (value: number): string => `${Number(value.toPrecision(3))}`

const shown = (text: string, unit: string): string => {
  const value = Number(text)
  if (!Number.isFinite(value)) return 'no data'
  switch (unit) {
    case 'percentunit':
      return `${short(value * 100)} %`
    case 'bytes':
      return value > 1e6 ? `${short(value / 1e6)} MB` : `${short(value)} B`
    case 's':
      return value < 1 ? `${short(value * 1000)} ms` : `${short(value)} s`
    case 'reqps':
    case 'ops':
      return `${short(value)} /s`
    default:
      return short(value)
  }
}

const mostSeries = 8

const linesOf = async (
  url: string,
  { title, targets = [], fieldConfig }: Panel,
): Promise<readonly string[]> => {
  const unit = fieldConfig?.defaults.unit ?? ''
  const series: string[][] = []
  for (const { expr, legendFormat } of targets) {
    for (const { metric, value } of await ask(url, filledIn(expr, '1m'))) {
      const name = legendFormat.replaceAll(/\{\{(\w+)\}\}/g, (_all, label: string) => metric[label] ?? '')
      series.push([name, shown(value[1], unit)])
    }
  }
  const told = series.filter(([, value]) => value !== 'no data').slice(0, mostSeries)
  if (told.length === 0) return [`| ${title} | | none |`]
  return told.map(([name, value], index) => `| ${index === 0 ? title : ''} | ${name} | ${value} |`)
}

/** What the dashboard shows at this moment, a table for each row, from a Prometheus. */
export const dashboardText = async (url: string): Promise<string> => {
  const lines: string[] = []
  for (const panel of readDashboard().panels) {
    if (panel.type === 'row') lines.push('', `**${panel.title}**`, '', '| panel | | now |', '|---|---|---|')
    else lines.push(...(await linesOf(url, panel)))
  }
  return lines.join('\n').trim()
}

type Rule = {
  readonly name: string
  readonly state: string
  readonly health: string
  readonly lastError?: string
}
type Rules = { readonly data: { readonly groups: readonly { readonly rules: readonly Rule[] }[] } }

/** The alerts of a Prometheus, with their states. */
export const alertsText = async (url: string): Promise<string> => {
  const { data } = (await (await fetch(`${url}/api/v1/rules`)).json()) as Rules
  const rules = data.groups.flatMap(group => group.rules)
  return rules
    .map(({ name, state, health, lastError = '' }) =>
      `${name.padEnd(34)}${state.padEnd(10)}${health} ${lastError}`.trim(),
    )
    .join('\n')
}
