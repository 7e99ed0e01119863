import { type MetricRow, metricCatalogue } from './metric-catalogue.ts'

const head = `# Metrics

Every service with \`SALLYPORT_HEALTH_PORT\` tells these at \`/metrics\`, in Prometheus’ text format, in clear and to
everybody who reaches the port: keep it to the network of whoever watches. Labels have values from closed sets; no id, name
or text of a person is in a metric. Gauges that need the database are left out while it is away.

Numbers from a database are of all tenants and of the service, whichever replica is asked; the others are of the replica.

| metric | kind | labels | told by | what |
|---|---|---|---|---|
`

const rowOf = ([name, row]: [string, MetricRow]): string => {
  const labels = row.labels.map(label => `\`${label}\``).join(', ')
  const services = row.services === 'all' ? 'all' : row.services.join(', ')
  return `| \`${name}\` | ${row.kind} | ${labels} | ${services} | ${row.help} |\n`
}

/** docs/metrics.md, made from the catalogue. */
export const metricsPage = (): string => head + Object.entries(metricCatalogue).map(rowOf).join('')
