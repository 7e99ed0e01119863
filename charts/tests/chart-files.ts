import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export const root = join(import.meta.dirname, '../..')
export const alertsFile = join(root, 'charts/sallyport/files/alerts.yaml')
export const runbooks = join(root, 'docs/runbooks')

export type Alert = {
  readonly name: string
  readonly severity: string
  /** The path of its page in the repository. */
  readonly runbook: string
  readonly text: string
}

const field = (text: string, name: string): string =>
  new RegExp(`^ +${name}: (\\S+)$`, 'm').exec(text)?.[1] ?? ''

/** The alerts of the chart, in their order. That the file is what Prometheus takes is promtool’s to say. */
export const readAlerts = (): readonly Alert[] =>
  readFileSync(alertsFile, 'utf8')
    .split(/^ +- alert: /m)
    .slice(1)
    .map(text => ({
      name: text.slice(0, text.indexOf('\n')),
      severity: field(text, 'severity'),
      runbook: field(text, 'runbook_url'),
      text,
    }))
