import { describe, expect, it, vi } from 'vitest'
import { openDatabaseClock } from './database-clock.ts'

const start = Date.parse('2026-11-22T12:00:00Z')

/** A database, a machine whose clock is off, and a steady clock that all of them follow. */
const scene = async ({ machineOffMs = 0 } = {}) => {
  let steady = 1_000
  let databaseOffMs = 0
  let away = false
  const warnings: object[] = []
  vi.useFakeTimers()
  const clock = await openDatabaseClock({
    pool: {
      query: (async () => {
        if (away) throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
        return { rows: [{ ms: `${start + steady + databaseOffMs}` }] }
      }) as never,
    },
    log: { warn: fields => void warnings.push(fields) },
    steadyNow: () => steady,
    ownNow: () => start + steady + machineOffMs,
  })
  const pass = async (ms: number): Promise<void> => {
    steady += ms
    await vi.advanceTimersByTimeAsync(ms)
  }
  return {
    clock,
    warnings,
    pass,
    shiftDatabase: (ms: number) => {
      databaseOffMs += ms
    },
    setAway: (now: boolean) => {
      away = now
    },
    [Symbol.dispose]: () => {
      clock[Symbol.dispose]()
      vi.useRealTimers()
    },
  }
}

describe('openDatabaseClock', () => {
  it('tells the time of the database, and of a machine that is wrong it complains once', async () => {
    using here = await scene({ machineOffMs: -3_600_000 })
    await here.pass(20_000)
    expect(here.clock.now().getTime()).toBe(start + 21_000)
    expect(here.warnings).toEqual([{ aheadMs: -3_600_000 }])
  })

  it('goes on by the steady clock while the database is away', async () => {
    using here = await scene()
    here.setAway(true)
    await here.pass(60_000)
    expect(here.clock.now().getTime()).toBe(start + 61_000)
  })

  it('follows the database when that is set to another time', async () => {
    using here = await scene()
    here.shiftDatabase(600_000)
    await here.pass(5_000)
    expect(here.clock.now().getTime()).toBe(start + 606_000)
  })

  it('is not there when the database cannot be asked', async () => {
    const query = (async () => {
      throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
    }) as never
    await expect(openDatabaseClock({ pool: { query }, log: { warn: () => {} } })).rejects.toMatchObject({
      reason: 'service.unavailable',
    })
  })
})
