import { describe, expect, it } from 'vitest'
import { compareAll, type Contestant, logLogSlope, quantile } from './pairs.ts'
import { updatedPage } from './performance-page.ts'
import type { Measurement } from './row.ts'
import type { Outcome } from './table.ts'

const turns: string[] = []
const contestant = (name: string, values: number[]): Contestant => ({
  name,
  processes: [],
  run: async () => {
    turns.push(name)
    return values.shift() ?? Number.NaN
  },
})

const outcome = (id: string, value: number): Outcome => {
  const ours = { name: 'Sallyport', value, cpuSeconds: 0, residentMegabytes: 0 }
  const measurement: Measurement = { what: 'work', unit: 'MB/s', ours, target: '≥ 1', reached: value >= 1 }
  return { id, title: 'a row', measurements: [measurement] }
}

const page = 'before\n<!-- bench: begin -->\n<!-- bench: end -->\nafter\n'

describe('the harness of benchmarks', () => {
  it('lets contestants take turns after a warm-up, and takes the median of the ratios of pairs', async () => {
    const peers = [contestant('peer', [9, 1, 2, 4])]
    const [compared] = await compareAll({ pairs: 3 }, contestant('us', [7, 2, 2, 40]), peers)
    expect(turns.join(' ')).toBe('us peer us peer us peer us peer')
    expect(compared).toMatchObject({ ratio: 2, ours: { value: 2 }, peer: { value: 2 } })
  })

  it('knows quantiles, and how something grows', () => {
    expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5)
    const squares = [1, 10, 100].map(x => ({ x, y: 3 * x * x }))
    expect(logLogSlope(squares)).toBeCloseTo(2)
  })

  it('replaces what it measured on the page, and keeps the rest', () => {
    const first = updatedPage(page, [outcome('P-A', 3), outcome('P-B', 0.5)], 'one machine', '2026-01-01')
    const second = updatedPage(first, [outcome('P-A', 4)], 'one machine', '2026-01-02')
    const lines = second.split('\n').filter(line => line.startsWith('| P-'))
    expect(lines.map(line => line.replaceAll(/ +/g, ' '))).toEqual([
      '| P-A | work | 4 MB/s | | | ≥ 1 | yes | 0.0 | 0 | 2026-01-02 |',
      '| P-B | work | 0.5 MB/s | | | ≥ 1 | **no** | 0.0 | 0 | 2026-01-01 |',
    ])
  })

  it('forgets figures of another machine', () => {
    const first = updatedPage(page, [outcome('P-A', 3)], 'one machine', '2026-01-01')
    expect(updatedPage(first, [outcome('P-B', 3)], 'another', '2026-01-02')).not.toContain('P-A')
  })
})
