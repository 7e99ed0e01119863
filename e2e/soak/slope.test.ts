import { describe, expect, it } from 'vitest'
import { slopeOf } from './slope.ts'

const minutes = (count: number): number[] => Array.from({ length: count }, (_, index) => index * 60_000)

describe('slopeOf', () => {
  it('finds a slope, and is sure of it, where all points are on a line', () => {
    const { perHour, offBy } = slopeOf(minutes(10).map(at => ({ at, value: 7 + at / 60_000 })))
    expect(perHour).toBeCloseTo(60)
    expect(offBy).toBeCloseTo(0)
  })

  it('is as unsure as the points are scattered', () => {
    const { perHour, offBy } = slopeOf(minutes(100).map((at, index) => ({ at, value: index % 2 })))
    expect(Math.abs(perHour)).toBeLessThan(offBy)
  })
})
