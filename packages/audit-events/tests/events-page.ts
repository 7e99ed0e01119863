import { domainEvents } from '@sallyport/events/domain-events'
import { catalogue } from '../src/catalogue.ts'
import type { CatalogueRow } from '../src/catalogue-row.ts'
import { ocsfActivities } from '../src/ocsf-activities.ts'

const row = (...cells: readonly string[]): string => `| ${cells.join(' | ')} |`
const code = (text: string): string => `\`${text}\``

const domainRows = (): string[] =>
  Object.entries(domainEvents).map(([name, { topic, key, title }]) =>
    row(code(name), code(topic), key, title),
  )

const auditRow = ([name, { title, severity, ocsf, details }]: [string, CatalogueRow]): string => {
  const activity = ocsfActivities[ocsf]
  return row(
    code(name),
    title,
    severity,
    `${activity.class} / ${activity.activity}`,
    details.map(code).join(', '),
  )
}

const auditRows = (): string[] => Object.entries<CatalogueRow>(catalogue).map(auditRow)

/** docs/events.md, from the code. */
export const eventsPage = (): string => `# Events

Every event carries CloudEvents 1.0 attributes (\`id\`, \`source\`, \`type\`, \`time\`, \`tenantid\`), and \`traceparent\` if it was
made within a trace ([tracing.md](tracing.md)). It may arrive more than once with the same \`id\`. Events with the same key
arrive in order.

## Domain events

Protobuf messages of \`sallyport.events.v1\`, for the platform's own services.

| event | topic | key | what happened |
|---|---|---|---|
${domainRows().join('\n')}

## Audit events

Services say what happened on \`sallyport.audit-intake.v1\` (key: tenant id, message \`AuditEvent\`). The audit service
chains each event into its tenant's trail and publishes it again, with its sequence number, as one OCSF 1.8 JSON object
on \`sallyport.audit.v1.<tenant id>\`: that is what a SIEM subscribes to. Sequence numbers count from 1 without gaps, so
a subscriber can tell that nothing is missing. The code is in \`metadata.event_code\`, the sequence number in
\`metadata.sequence\`, and the details are under \`unmapped\`. An event carries no detail that is not listed here.

| code | what happened | severity | OCSF class / activity | details |
|---|---|---|---|---|
${auditRows().join('\n')}
`
