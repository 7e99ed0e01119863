import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { missingPromtool } from '../../packages/testing/src/promtool.ts'
import { runbooks } from './chart-files.ts'
import { filledIn, readDashboard } from './dashboard.ts'
import { unknownIn } from './metrics-of.ts'
import { complaintOf } from './promtool.ts'

const dashboard = readDashboard()
const panels = dashboard.panels.filter(({ type }) => type !== 'row')
const expressions = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))

describe('the dashboard', () => {
  it.each(panels)(
    '“$title” says what is good, and leads to a page that there is',
    ({ description, links }) => {
      expect(description).toMatch(/Good: /)
      const [, page] = /^\$\{runbooks\}\/(.+)$/.exec(links?.[0]?.url ?? '') ?? []
      expect(existsSync(join(runbooks, page ?? 'none'))).toBe(true)
    },
  )

  it.each(panels)(
    '“$title” asks for metrics that there are, by labels that they have',
    ({ targets = [] }) => {
      expect(targets.length).toBeGreaterThan(0)
      expect(targets.flatMap(({ expr }) => unknownIn(filledIn(expr)))).toEqual([])
    },
  )

  it('asks the source and the namespace that were chosen, everywhere', () => {
    expect(dashboard.templating.list.map(({ name }) => name)).toEqual([
      'datasource',
      'namespace',
      'service',
      'runbooks',
    ])
    for (const expr of expressions) {
      const asked = expr.match(/\b(?:sallyport_\w+|up)\b/g)?.length
      expect(expr.match(/namespace=~"\$namespace"/g)?.length, expr).toBe(asked)
      expect(filledIn(expr)).not.toContain('$')
    }
    for (const panel of panels)
      expect(panel).toMatchObject({ datasource: { type: 'prometheus', uid: '${datasource}' } })
  })

  it('puts no panel upon another', () => {
    const taken = new Set<string>()
    for (const { gridPos, title } of dashboard.panels) {
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect(x < 24 && !taken.has(`${x} ${y}`), title).toBe(true)
          taken.add(`${x} ${y}`)
        }
      }
    }
  })

  it('asks nothing that Prometheus cannot read', context => {
    const missing = missingPromtool()
    if (missing) context.skip(missing)
    const rules = expressions.map((expr, index) => ({ record: `panel_${index}`, expr: filledIn(expr) }))
    const check = (given: object[]): string =>
      complaintOf(['check', 'rules'], { groups: [{ name: 'dashboard', rules: given }] })
    expect(check(rules)).toBe('')
    expect(check([...rules, { record: 'panel_bad', expr: 'sum by (up' }])).toContain('panel_bad')
  })
})
