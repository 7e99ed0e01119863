import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const file = join(import.meta.dirname, '../sallyport/files/dashboard.json')

type Target = { readonly expr: string; readonly legendFormat: string }

export type Panel = {
  readonly type: string
  readonly title: string
  readonly description?: string
  readonly links?: readonly { readonly url: string }[]
  readonly fieldConfig?: { readonly defaults: { readonly unit: string } }
  readonly targets?: readonly Target[]
  readonly gridPos: Readonly<Record<'x' | 'y' | 'w' | 'h', number>>
}

type Dashboard = {
  readonly schemaVersion: number
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string }[] }
  readonly panels: readonly Panel[]
}

export const readDashboard = (): Dashboard => JSON.parse(readFileSync(file, 'utf8')) as Dashboard

/** An expression as Grafana sends it when everything is chosen. */
export const filledIn = (expression: string, window = '5m'): string =>
  expression.replaceAll('$__rate_interval', window).replaceAll(/\$(namespace|service)\b/g, '.*')
