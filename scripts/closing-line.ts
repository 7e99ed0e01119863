import { existsSync, readFileSync } from 'node:fs'
import type { Reporter, TestCase, TestModule, TestRunEndReason } from 'vitest/node'

type Totals = { passed: number; failed: number; skipped: Map<string, number> }

/** Prints the figures of proof, why tests were skipped, and last, alone, the real totals. */
export class ClosingLine implements Reporter {
  readonly #figures: string

  constructor(figures: string) {
    this.#figures = figures
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[], reason: TestRunEndReason): void {
    const totals: Totals = { passed: 0, failed: errors.length, skipped: new Map() }
    for (const module of modules) count(module, totals)
    if (reason === 'failed' && totals.failed === 0) totals.failed = 1
    for (const line of readFigures(this.#figures)) console.log(line)
    for (const [why, times] of totals.skipped) console.log(`skipped ${times}: ${why}`)
    const skipped = [...totals.skipped.values()].reduce((sum, times) => sum + times, 0)
    console.log(`${totals.passed} passed, ${totals.failed} failed, ${skipped} skipped`)
  }
}

const count = (module: TestModule, totals: Totals): void => {
  const tests = [...module.children.allTests()]
  // A file that does not load has no tests, and is a failure.
  if (module.state() === 'failed' && tests.every(test => test.result().state !== 'failed')) totals.failed += 1
  for (const test of tests) add(test, totals)
}

const add = (test: TestCase, totals: Totals): void => {
  const result = test.result()
  if (result.state === 'passed') totals.passed += 1
  else if (result.state === 'skipped') {
    const why = result.note ?? 'no reason given'
    totals.skipped.set(why, (totals.skipped.get(why) ?? 0) + 1)
  } else totals.failed += 1
}

const readFigures = (path: string): string[] => {
  const lines = existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : []
  return lines
    .map(line => JSON.parse(line) as { row: string; text: string })
    .map(({ row, text }) => `${row}: ${text}`)
    .toSorted()
}
