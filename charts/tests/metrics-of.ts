import { type MetricRow, metricCatalogue } from '../../packages/telemetry/src/metric-catalogue.ts'

const catalogue: Readonly<Record<string, MetricRow>> = metricCatalogue

/** What Prometheus adds to every series of ours, as the chart tells it to, and to buckets. */
const added = ['namespace', 'service', 'instance', 'job', 'pod', 'le']

const rowOf = (name: string): MetricRow | undefined => {
  const [, histogram] = /^(.+)_(?:bucket|count|sum)$/.exec(name) ?? []
  const row = catalogue[histogram ?? '']
  return row?.kind === 'histogram' ? row : catalogue[name]?.kind === 'histogram' ? undefined : catalogue[name]
}

/** What an expression uses that nothing tells: metrics that are not in the catalogue, labels that they do not have. */
export const unknownIn = (expression: string): readonly string[] => {
  // What is quoted may hold anything.
  const bare = expression.replaceAll(/"[^"]*"|'[^']*'/g, '""')
  const names = [...bare.matchAll(/\bsallyport_\w+/g)].map(([name]) => name)
  const labels = new Set([...names.flatMap(name => rowOf(name)?.labels ?? []), ...added])
  const used = [...bare.matchAll(/\{([^}]*)\}|\b(?:by|without|on|ignoring) ?\(([^)]*)\)/g)]
    .flatMap(([, matchers = '', listed = '']) => `${matchers},${listed}`.split(','))
    .map(part => part.trim().replace(/[=!].*$/, ''))
  return [
    ...names.filter(name => rowOf(name) === undefined),
    ...used.filter(label => label !== '' && !labels.has(label)),
  ]
}
