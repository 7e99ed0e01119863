import { attributeCatalogue, spanCatalogue, type SpanRow } from './span-catalogue.ts'

const listed = (names: readonly string[]): string => names.map(name => `\`${name}\``).join(', ')

const spanLine = ([, row]: [string, SpanRow]): string => {
  const services = row.services === 'all' ? 'all' : row.services.join(', ')
  return `| \`${row.name}\` | ${row.kind} | ${services} | ${row.what} | ${listed(row.attributes)} |`
}

const tables = (): string =>
  [
    '| span | kind | told by | what | attributes |',
    '|---|---|---|---|---|',
    ...Object.entries(spanCatalogue).map(spanLine),
    '',
    '| attribute | value |',
    '|---|---|',
    ...Object.entries(attributeCatalogue).map(([name, what]) => `| \`${name}\` | ${what} |`),
  ].join('\n')

/** docs/tracing.md with its tables made from the catalogue. */
export const tracingPage = (page: string): string =>
  page.replace(
    /(<!-- spans -->\n)[\s\S]*?(<!-- \/spans -->)/,
    (_, begin: string, end: string) => `${begin}\n${tables()}\n\n${end}`,
  )
