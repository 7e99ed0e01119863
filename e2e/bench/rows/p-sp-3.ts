import { quantile } from '../pairs.ts'
import { meterProcesses } from '../process-meter.ts'
import type { Effort, Measurement, Row, Side } from '../row.ts'
import { startLoneProxy } from '../sessions/lone-proxy.ts'
import { startSink } from '../sessions/small-programs.ts'
import { type Door, echoTime, type Typists, typistsAt } from '../sessions/typists.ts'

const KEYS_A_SECOND = 5

/** Everybody types at an even pace, each at another moment, and waits for nobody. Gives all the round trips. */
const typeFor = async ({ channels }: Typists, seconds: number): Promise<number[]> => {
  const times: number[] = []
  const keys = seconds * KEYS_A_SECOND
  const typing = channels.map(async (channel, index) => {
    const offset = ((index / channels.length) * 1000) / KEYS_A_SECOND
    const began = performance.now() + offset
    for (let key = 0; key < keys; key += 1) {
      await until(began + (key * 1000) / KEYS_A_SECOND)
      times.push(await echoTime(channel))
    }
  })
  await Promise.all(typing)
  return times
}

const until = (moment: number): Promise<void> =>
  new Promise(resolve => setTimeout(resolve, Math.max(0, moment - performance.now())))

type Typed = { readonly times: number[]; cpuSeconds: number; residentMegabytes: number }

const run = async ({ quick, pairs, seconds }: Effort): Promise<Measurement[]> => {
  await using sink = await startSink()
  await using proxy = await startLoneProxy(sink)
  const { username, privateKey } = sink
  const people = quick ? 40 : 200
  const doors: { readonly door: Door; readonly pid: number }[] = [
    {
      door: { port: proxy.sshPort, username: `bench[${username}@target]`, privateKey },
      pid: proxy.program.pid,
    },
    { door: sink, pid: sink.program.pid },
  ]
  const sides = doors.map(({ door, pid }) => ({ typists: typistsAt(door), pid, typed: newTyped() }))
  for (const { typists } of sides) await typists.open(people)
  for (let pair = 0; pair < pairs; pair += 1) {
    for (const { typists, pid, typed } of sides) {
      using meter = meterProcesses([pid])
      typed.times.push(...(await typeFor(typists, seconds)))
      typed.cpuSeconds += meter.cpuSeconds()
      typed.residentMegabytes = Math.max(typed.residentMegabytes, meter.peakMegabytes())
    }
  }
  for (const { typists } of sides) typists[Symbol.dispose]()
  const [ours, direct] = sides.map(({ typed }) => typed)
  if (ours === undefined || direct === undefined) throw new Error('there are two sides')
  return [added(ours, direct, people, 0.5, 1), added(ours, direct, people, 0.99, 10)]
}

const newTyped = (): Typed => ({ times: [], cpuSeconds: 0, residentMegabytes: 0 })

const added = (ours: Typed, direct: Typed, people: number, share: number, bar: number): Measurement => {
  const side = (name: string, { times, ...used }: Typed): Side => ({
    name,
    value: quantile(times, share),
    ...used,
  })
  const [us, them] = [side('Sallyport', ours), side('direct', direct)]
  const more = us.value - them.value
  return {
    what: `echo of a key, ${people} recorded sessions typing ${KEYS_A_SECOND} keys/s: p${share * 100}`,
    unit: 'ms',
    ours: us,
    peer: them,
    target: `≤ ${bar} ms more`,
    reached: more <= bar,
    note: `${more.toFixed(2)} ms more, of ${ours.times.length.toLocaleString('en')} keys`,
  }
}

export const row: Row = { id: 'P-SP-3', title: 'echo of a key through the proxy', run }
