import { describe, expect, it } from 'vitest'
import { isLawful, type Moment } from './lawful-messages.ts'

const lawful = (moment: Moment): number[] =>
  Array.from({ length: 256 }, (_, type) => type).filter(type => isLawful(type, moment))

describe('a client', () => {
  it('says nothing of channels before it has signed in', () => {
    expect(lawful({ isAuthenticated: false, isAnswerDue: false })).toEqual([1, 2, 3, 4, 5, 7, 20, 50])
  })

  it('answers when it was asked', () => {
    expect(lawful({ isAuthenticated: false, isAnswerDue: true })).toContain(61)
    expect(lawful({ isAuthenticated: true, isAnswerDue: true })).not.toContain(61)
  })

  it('sends none of the messages of a server or of a login once it has signed in', () => {
    const after = lawful({ isAuthenticated: true, isAnswerDue: false })
    expect(after.filter(type => type < 80)).toEqual([0, 1, 2, 3, 4, 5, 7, 8, 9, ...range(10, 20)])
    expect(after).toEqual(expect.arrayContaining(range(80, 100)))
  })

  it('sends no packet without a message', () => {
    expect(isLawful(undefined, { isAuthenticated: true, isAnswerDue: true })).toBe(false)
  })
})

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, offset) => from + offset)
