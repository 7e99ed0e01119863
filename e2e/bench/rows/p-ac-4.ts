import { openStage, guard, allow } from '../../support/stage.ts'
import { addStaff, type LiveSession, openSession, type Staff } from '../access/many-logins.ts'
import { quantile } from '../pairs.ts'
import type { Measurement, Row } from '../row.ts'
import { startSink } from '../sessions/small-programs.ts'
import { meterProcesses } from '../process-meter.ts'

const plenty = { read: 1_000_000, write: 1_000_000, login: 1_000_000, secret: 1_000_000, badTokens: 300 }

/** Opened at the same time; a door has limits for those that are signing in. */
const atOnce = 10

const inTurns = async (count: number, work: (index: number) => Promise<void>): Promise<void> => {
  let next = 0
  const run = async (): Promise<void> => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: atOnce }, run))
}

const openSessions = async (
  sshPort: number,
  staff: Staff,
  numbers: readonly number[],
  account: string,
): Promise<LiveSession[]> => {
  const sessions: LiveSession[] = []
  await inTurns(numbers.length, async index => {
    sessions.push(await openSession(sshPort, staff, numbers[index] ?? 0, account))
  })
  return sessions
}

type LoginSessions = { items: { id: string }[] }

export const row: Row = {
  id: 'P-AC-4',
  title: 'from the order to revoke to the closed connection',
  run: async effort => {
    const [live, rounds] = effort.quick ? [60, 1] : [500, 2]
    await using stage = await openStage({ limits: plenty })
    await using sink = await startSink()
    const { admin, platform } = stage
    const account = { username: sink.username, password: 'anything does' }
    const guarded = await guard(admin.api, { server: { port: sink.port }, account }, 'bench')
    // A person signs in once: no one-time code is taken twice.
    const staff = await addStaff(stage, live * rounds)
    const people = staff.typists.map(({ id }) => ({ ...admin, userId: id }))
    await allow(admin.api, 'bench', people, { session: { allowed: true } })
    const times: number[] = []
    using meter = meterProcesses([process.pid])
    for (let round = 0; round < rounds; round += 1) {
      const numbers = Array.from({ length: live }, (_, index) => round * live + index)
      const name = `${account.username}@${guarded.deviceName}`
      const sessions = await openSessions(platform.sshPort, staff, numbers, name)
      // One after the other, while all others stay live.
      for (const { userId, ended } of sessions) {
        const { items } = await admin.api.get<LoginSessions>(`/login-sessions?userId=${userId}`)
        const began = performance.now()
        for (const { id } of items) await admin.api.delete(`/login-sessions/${id}`)
        times.push((await ended) - began)
      }
      for (const { close } of sessions) close()
    }
    const side = (value: number) => ({
      name: 'ours',
      value,
      cpuSeconds: meter.cpuSeconds(),
      residentMegabytes: meter.peakMegabytes(),
    })
    const line = (what: string, share: number, target: string, most: number): Measurement => {
      const value = quantile(times, share)
      return { what, unit: 'ms', ours: side(value), target, reached: value <= most, note }
    }
    const note = `${live} live sessions, ${times.length} revocations, clients and services in one process`
    return [
      line('p50', 0.5, '≤ 50 ms', 50),
      line('p99', 0.99, '≤ 500 ms', 500),
      line('the longest', 1, '≤ 2 s', 2_000),
    ]
  },
}
