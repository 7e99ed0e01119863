import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { missingPromtool } from '../../packages/testing/src/promtool.ts'
import { alertCases, type Series } from './alert-cases.ts'
import { alertsFile, readAlerts, runbooks } from './chart-files.ts'
import { unknownIn } from './metrics-of.ts'
import { complaintOf, complaintOfFile } from './promtool.ts'

const alerts = readAlerts()
const pages = readdirSync(runbooks).filter(name => name !== 'README.md')

describe('runbooks', () => {
  it('there is one for each alert, and none that no alert leads to', () => {
    expect(alerts.map(({ runbook }) => runbook).toSorted()).toEqual(
      pages.map(page => `docs/runbooks/${page}`).toSorted(),
    )
  })

  it.each(alerts)('$runbook is the page of $name', ({ name, runbook }) => {
    const page = readFileSync(join(runbooks, runbook.replace('docs/runbooks/', '')), 'utf8')
    expect(page.split('\n')[0]).toBe(`# ${name}`)
    for (const part of ['What it means', 'How to look', 'What to do', 'It is over when'])
      expect(page).toContain(`**${part}**`)
  })

  it('are listed with their alerts in their order', () => {
    const rows = alerts.map(({ name, severity, runbook }) => {
      const page = runbook.replace('docs/runbooks/', '')
      return `| \`${name}\` | ${severity} | [${page.replace('.md', '')}](${page}) |`
    })
    const index = readFileSync(join(runbooks, 'README.md'), 'utf8').split('\n')
    expect(index.filter(line => line.startsWith('| `'))).toEqual(rows)
  })
})

describe('alerts', () => {
  it.each(alerts)('$name uses metrics that there are, by labels that they have', ({ text }) => {
    const expression = text.slice(text.indexOf('expr:'), text.search(/^ +(for|labels):/m))
    expect(expression).toMatch(/sallyport_|up\{/)
    expect(unknownIn(expression)).toEqual([])
  })

  it('each has a case, and each case an alert', () => {
    expect(Object.keys(alertCases)).toEqual(alerts.map(({ name }) => name))
  })

  describe('in Prometheus', () => {
    beforeEach(context => {
      const missing = missingPromtool()
      if (missing) context.skip(missing)
    })

    it('are what it takes', () => {
      expect(complaintOfFile(['check', 'rules'], alertsFile)).toBe('')
    })

    it.each(Object.entries(alertCases))(
      '%s fires when it should, and else not',
      (name, { minutes, step = 1, bad, good }) => {
        const looked = (series: Series, fires: boolean) => ({
          interval: `${step}m`,
          input_series: Object.entries(series).map(([key, values]) => ({ series: key, values })),
          promql_expr_test: [
            {
              expr: `count(ALERTS{alertname="${name}", alertstate="firing"}) > bool 0 or vector(0)`,
              eval_time: `${minutes}m`,
              exp_samples: [{ labels: '{}', value: fires ? 1 : 0 }],
            },
          ],
        })
        const tests = [
          ...bad.map(series => looked(series, true)),
          ...good.map(series => looked(series, false)),
        ]
        expect(
          complaintOf(['test', 'rules'], {
            rule_files: [alertsFile],
            evaluation_interval: `${step}m`,
            tests,
          }),
        ).toBe('')
      },
    )
  })
})
