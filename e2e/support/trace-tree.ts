import type { CollectedSpan } from '@sallyport/testing/span-collector'

/** A trace as a person reads it: what happened within what, where, when it began, and how long it took. */
export const treeOf = (spans: readonly CollectedSpan[]): string[] => {
  const begun = Math.min(...spans.map(({ startMs }) => startMs))
  return linesOf(spans, undefined, 0).map(({ depth, span }) => {
    const { service, name, startMs, endMs } = span
    const times = `${(startMs - begun).toFixed(1)} +${(endMs - startMs).toFixed(1)} ms`
    return `${`${'  '.repeat(depth)}${name}`.padEnd(84)} ${service.replace('sallyport-', '').padEnd(14)} ${times.padStart(18)}`
  })
}

/** The same without times: the names and services on the way to each span. */
export const pathsOf = (tree: readonly string[]): Set<string> => {
  const way: string[] = []
  const paths = tree.map(line => {
    const depth = (/^ */.exec(line)?.[0].length ?? 0) / 2
    const withoutTimes = line.trim().replace(/ +\d+\.\d \+\d+\.\d ms$/, '')
    way.splice(depth, way.length, withoutTimes.replaceAll(/ +/g, ' '))
    return way.join(' > ')
  })
  return new Set(paths)
}

type Line = { readonly depth: number; readonly span: CollectedSpan }

const linesOf = (spans: readonly CollectedSpan[], parent: string | undefined, depth: number): Line[] =>
  spans
    .filter(({ parentSpanId }) => parentSpanId === parent)
    .toSorted((one, other) => one.startMs - other.startMs)
    .flatMap(span => [{ depth, span }, ...linesOf(spans, span.spanId, depth + 1)])
