import { describe, expect, test } from 'vitest'
import { type Answer, decide, type Verdict } from './decide.ts'

type Row = [
  candidate: Answer,
  current: Answer,
  sent: boolean,
  privileged: boolean,
  last: boolean,
  verdict: Verdict,
]

const answers: Answer[] = ['works', 'refused', 'unreachable']
const booleans = [false, true]

const rows: Row[] = [
  // Proved changed.
  ['works', 'refused', false, false, false, 'promote'],
  ['works', 'refused', false, false, true, 'promote'],
  ['works', 'refused', false, true, false, 'promote'],
  ['works', 'refused', false, true, true, 'promote'],
  ['works', 'refused', true, false, false, 'promote'],
  ['works', 'refused', true, false, true, 'promote'],
  ['works', 'refused', true, true, false, 'promote'],
  ['works', 'refused', true, true, true, 'promote'],
  // Both work: the change is not proved.
  ['works', 'works', false, false, false, 'retry'],
  ['works', 'works', false, false, true, 'keep-both'],
  ['works', 'works', false, true, false, 'retry'],
  ['works', 'works', false, true, true, 'keep-both'],
  ['works', 'works', true, false, false, 'retry'],
  ['works', 'works', true, false, true, 'keep-both'],
  ['works', 'works', true, true, false, 'retry'],
  ['works', 'works', true, true, true, 'keep-both'],
  // Proved unchanged.
  ['refused', 'works', false, false, false, 'send'],
  ['refused', 'works', false, false, true, 'send'],
  ['refused', 'works', false, true, false, 'send'],
  ['refused', 'works', false, true, true, 'send'],
  ['refused', 'works', true, false, false, 'retry'],
  ['refused', 'works', true, false, true, 'abandon'],
  ['refused', 'works', true, true, false, 'retry'],
  ['refused', 'works', true, true, true, 'abandon'],
  // Neither works: only a privileged account can repair it.
  ['refused', 'refused', false, false, false, 'keep-both'],
  ['refused', 'refused', false, false, true, 'keep-both'],
  ['refused', 'refused', false, true, false, 'send'],
  ['refused', 'refused', false, true, true, 'send'],
  ['refused', 'refused', true, false, false, 'keep-both'],
  ['refused', 'refused', true, false, true, 'keep-both'],
  ['refused', 'refused', true, true, false, 'retry'],
  ['refused', 'refused', true, true, true, 'keep-both'],
]

describe('what follows from the answers of the target', () => {
  test.each(rows)('candidate %s, current %s, sent %s, privileged %s, last %s: %s', (...row) => {
    const [candidate, current, sent, privileged, lastAttempt, verdict] = row
    expect(decide({ probed: { candidate, current }, sent, privileged, lastAttempt })).toBe(verdict)
  })

  test('a target that cannot be reached is asked again later, and at last both secrets are kept', () => {
    for (const other of answers) {
      for (const sent of booleans) {
        for (const privileged of booleans) {
          const of = (lastAttempt: boolean) => [
            decide({ probed: { candidate: 'unreachable', current: other }, sent, privileged, lastAttempt }),
            decide({ probed: { candidate: other, current: 'unreachable' }, sent, privileged, lastAttempt }),
          ]
          expect(of(false)).toEqual(['retry', 'retry'])
          expect(of(true)).toEqual(['keep-both', 'keep-both'])
        }
      }
    }
  })

  test('the table covers every cell', () => {
    expect(new Set(rows.map(row => row.slice(0, 5).join())).size).toBe(2 * 2 * 2 * 2 * 2)
  })

  test('only a proved change is promoted, and only a proved non-change abandoned', () => {
    for (const [candidate, current, , , , verdict] of rows) {
      if (verdict === 'promote') expect([candidate, current]).toEqual(['works', 'refused'])
      if (verdict === 'abandon') expect([candidate, current]).toEqual(['refused', 'works'])
    }
  })
})
