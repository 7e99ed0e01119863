import { setTimeout } from 'node:timers/promises'
import { readFileSync } from 'node:fs'
import { logLogSlope } from '../pairs.ts'
import { cpuSecondsOf } from '../process-meter.ts'
import type { Effort, Measurement, Row, Side } from '../row.ts'
import { type LoneProxy, startLoneProxy } from '../sessions/lone-proxy.ts'
import { startSink } from '../sessions/small-programs.ts'
import { type Typists, typistsAt } from '../sessions/typists.ts'

const SETTLE_MILLISECONDS = 5_000
const nightly = process.env['SALLYPORT_NIGHTLY'] === '1'

/** What is resident now, shared pages too: what `ps` calls RSS. */
const residentBytes = (pid: number): number => {
  const kibibytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kibibytes) * 1024
}

type Sized = { readonly sessions: number; readonly bytes: number }

/** Opens sessions up to each size, and weighs the proxy at each. */
const weigh = async (
  { program }: LoneProxy,
  typists: Typists,
  sizes: readonly number[],
): Promise<Sized[]> => {
  const weighed: Sized[] = []
  for (const sessions of sizes) {
    await typists.open(sessions - typists.channels.length)
    await setTimeout(SETTLE_MILLISECONDS)
    weighed.push({ sessions, bytes: residentBytes(program.pid) })
  }
  return weighed
}

const idle = async ({ program }: LoneProxy, seconds: number): Promise<number> => {
  const before = cpuSecondsOf([program.pid])
  await setTimeout(seconds * 1000)
  return (cpuSecondsOf([program.pid]) - before) / seconds
}

const run = async ({ quick }: Effort): Promise<Measurement[]> => {
  await using sink = await startSink()
  await using proxy = await startLoneProxy(sink)
  const { username, privateKey } = sink
  using typists = typistsAt({ port: proxy.sshPort, username: `bench[${username}@target]`, privateKey })
  const most = quick ? 400 : 5_000
  const empty = residentBytes(proxy.program.pid)
  const weighed = await weigh(proxy, typists, [most / 8, most / 4, most / 2, most])
  const seconds = quick ? 20 : nightly ? 1_800 : 120
  const cores = await idle(proxy, seconds)
  const full = weighed.at(-1)?.bytes ?? Number.NaN
  const slope = logLogSlope(weighed.map(({ sessions, bytes }) => ({ x: sessions, y: bytes - empty })))
  const side = (value: number): Side => ({
    name: 'Sallyport',
    value,
    cpuSeconds: cores * seconds,
    residentMegabytes: full / 1e6,
  })
  const what = `${most.toLocaleString('en')} idle recorded sessions`
  const each = (full - empty) / most / 1000
  const drops = typists.drops()
  return [
    {
      what: `${what}: memory of each`,
      unit: 'kB',
      ours: side(each),
      target: '≤ 200 kB',
      reached: each <= 200,
    },
    {
      what: `${what}: growth with their number, log–log`,
      unit: '',
      ours: side(slope),
      target: '1.0 ± 0.05',
      reached: Math.abs(slope - 1) <= 0.05,
    },
    {
      what: `${what}: the process without any`,
      unit: 'MB',
      ours: side(empty / 1e6),
      target: '≤ 120 MB',
      reached: empty <= 120e6,
    },
    {
      what: `${what}: processor`,
      unit: '% of a core',
      ours: side(cores * 100),
      target: '≤ 3 %',
      reached: cores <= 0.03,
    },
    { what: `${what}: lost in ${seconds} s`, unit: '', ours: side(drops), target: '0', reached: drops === 0 },
  ]
}

export const row: Row = { id: 'P-SP-4', title: 'idle recorded sessions, one connection each', run }
