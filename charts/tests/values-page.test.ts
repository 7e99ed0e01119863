import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { missingKubernetesTools } from '../tools/kubernetes-tools.ts'
import { chart, readManifests } from './rendered.ts'
import { needs } from './needs.ts'

const missing = missingKubernetesTools()
needs(missing)

/** Keys as the page has them: what every service has is under `services.<service>`. */
const general = (key: string): string => key.replace(/^services\.[a-z-]+/, 'services.<service>')

const leaves = (value: unknown, path = ''): readonly string[] => {
  const entries =
    typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : []
  if (entries.length === 0) return [path]
  return entries.flatMap(([key, each]) => leaves(each, path === '' ? key : `${path}.${key}`))
}

describe('The page of values', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/cluster.md'), 'utf8')
  const told = [...page.matchAll(/^\| (`[^|]+`) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([\w.<>-]+)`/g)].map(([, key = '']) => key),
  )
  // Skipped tests are collected, too.
  const values = missing ? [] : leaves(readManifests(readFileSync(join(chart, 'values.yaml'), 'utf8'))[0])
  const covers = (row: string, key: string): boolean =>
    [key, general(key)].some(each => each === row || each.startsWith(`${row}.`))

  it('tells of every value, by its key or the one above', () => {
    const untold = values.filter(key => !key.endsWith('.settings') && !told.some(row => covers(row, key)))
    expect(untold).toEqual([])
  })

  it('tells of none that there is not', () => {
    const rows = told.filter(row =>
      /^(images|logLevel|database|kafka|certificates|targets|receivers|route|networkPolicy|monitoring|tracing|backup|syntheticUser|migrations|services)\b/.test(
        row,
      ),
    )
    expect(rows.filter(row => !values.some(key => covers(row, key)))).toEqual([])
    expect(rows.length).toBeGreaterThan(50)
  })
})
