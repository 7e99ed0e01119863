import { expect, it } from 'vitest'
import { windowState } from './window-warnings.ts'

const endsAt = new Date('2026-11-21T12:00:00Z')
const before = (seconds: number): Date => new Date(endsAt.getTime() - seconds * 1000)

it.each([
  [301, 0, { kind: 'open' }],
  [300, 0, { kind: 'warn', level: 1, text: 'This session ends in 5 minutes, at the end of its window.' }],
  [299, 1, { kind: 'open' }],
  [60, 1, { kind: 'warn', level: 2, text: 'This session ends in 1 minute, at the end of its window.' }],
  [59, 2, { kind: 'open' }],
  [200, 0, { kind: 'warn', level: 1, text: 'This session ends in 3 minutes, at the end of its window.' }],
  [30, 0, { kind: 'warn', level: 2, text: 'This session ends in 30 seconds, at the end of its window.' }],
  [0, 2, { kind: 'over' }],
  [-5, 0, { kind: 'over' }],
])('%d seconds before the end, after warning %d, the clock asks for %j', (seconds, warned, expected) => {
  expect(windowState(endsAt, before(seconds), warned)).toEqual(expected)
})
