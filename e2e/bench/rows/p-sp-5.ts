import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { checkSegments, verifyRecording } from '@sallyport/session-proxy/recording/verify'
import { findProgram } from '@sallyport/targets/find-program'
import { compare, type Contestant, measure } from '../pairs.ts'
import type { Effort, Measurement, Row, Side } from '../row.ts'
import { makePayload, type Payload } from '../sessions/payload.ts'
import { openRecordings, record, type Recordings } from '../sessions/recordings.ts'

const run = promisify(execFile)

const rate = (bytes: number, began: number): number => bytes / 1e3 / (performance.now() - began)

const ours = (recordings: Recordings, { path, bytes }: Payload): Contestant => ({
  name: 'Sallyport',
  processes: [process.pid],
  run: async () => {
    const { recorder } = await recordings.open()
    const began = performance.now()
    await record(recorder, path)
    return rate(bytes, began)
  },
})

/** A recorder of Debian's, which records what `cat` shows on a terminal. */
const peer = (
  name: string,
  argsFor: (file: string, command: string) => string[],
  payload: Payload,
): Contestant => ({
  name,
  processes: [],
  run: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sallyport-bench-peer-'))
    try {
      const file = join(folder, 'recording')
      const began = performance.now()
      await run(name, argsFor(file, `cat ${payload.path}`), { maxBuffer: 2 ** 30, encoding: 'buffer' })
      const result = rate(payload.bytes, began)
      if ((await stat(file)).size < payload.bytes) throw new Error(`${name} did not record everything`)
      return result
    } finally {
      await rm(folder, { recursive: true })
    }
  },
})

const script = (payload: Payload): Contestant =>
  peer('script', (file, command) => ['-qfec', command, file], payload)

const tlog = (payload: Payload): Contestant =>
  peer('tlog-rec', (file, command) => ['-w', 'file', '--file-path', file, 'sh', '-c', command], payload)

const recorded = async (effort: Effort, recordings: Recordings, payload: Payload): Promise<Measurement[]> => {
  const us = ours(recordings, payload)
  const what = 'recording text, sealed and on disk'
  const hasTlog = (await findProgram('tlog-rec', ['/usr/bin'])) !== undefined
  const bar = hasTlog ? 10 : 1
  const result = await compare(effort, us, hasTlog ? tlog(payload) : script(payload))
  return [
    {
      what,
      unit: 'MB/s',
      ...result,
      target: hasTlog ? '≥ 10 × tlog-rec' : '≥ 1 × script',
      reached: result.ratio >= bar,
      ...(!hasTlog && { note: 'script stands in for tlog-rec, which is slower; Debian: tlog' }),
    },
  ]
}

const verified = async (
  effort: Effort,
  recordings: Recordings,
  { path, bytes }: Payload,
): Promise<Measurement[]> => {
  const before = await recordings.bytesOnDisk()
  const { id, recorder } = await recordings.open()
  await record(recorder, path)
  const share = ((await recordings.bytesOnDisk()) - before) / bytes
  const side = await measure(effort, {
    name: 'Sallyport',
    processes: [process.pid],
    run: async () => {
      const began = performance.now()
      const found = await verifyRecording(recordings.store.read(id), id, recordings.keys)
      if (!found.intact || !found.complete) throw new Error(found.problem)
      return rate(bytes, began)
    },
  })
  const target = '≥ 200 MB/s'
  return [
    { what: 'verifying a recording, as text', unit: 'MB/s', ours: side, target, reached: side.value >= 200 },
    {
      what: 'size on disk of recorded text',
      unit: '× the text',
      ours: { ...side, value: share, cpuSeconds: 0 },
      target: '≤ 0.25',
      reached: share <= 0.25,
    },
  ]
}

const HOURS = 8

/** What a second of it shows, for eight hours; then how long it takes to have the text of a late minute. */
const sought = async (recordings: Recordings, { path, bytes }: Payload): Promise<Measurement> => {
  const seconds = HOURS * 3_600
  const text = await readFile(path)
  let time = Date.now()
  const { id, recorder } = await recordings.open({ now: () => new Date(time) })
  const each = Math.floor(bytes / seconds)
  for (let second = 0; second < seconds; second += 1) {
    time += 1_000
    await recorder.output(text.subarray(second * each, (second + 1) * each))
  }
  await recorder.end(0)
  const began = performance.now()
  let segments = 0
  for await (const segment of checkSegments(recordings.store.read(id), id, recordings.keys)) {
    if (segment.kind === 'bad') throw new Error(segment.problem)
    segments += 1
    if (segments > seconds * 0.98) break
  }
  const value = performance.now() - began
  const side: Side = { name: 'Sallyport', value, cpuSeconds: 0, residentMegabytes: 0 }
  return {
    what: `from the beginning to a late minute of ${HOURS} h (${Math.round(bytes / 1e6)} MB)`,
    unit: 'ms',
    ours: side,
    target: '≤ 200 ms',
    reached: value <= 200,
    note: 'read from the first segment: there is no index',
  }
}

export const row: Row = {
  id: 'P-SP-5',
  title: 'what recording costs: speed, size, verification, and the way to a minute of it',
  run: async effort => {
    const bytes = effort.quick ? 2 ** 26 : 2 ** 28
    await using recordings = await openRecordings()
    await using payload = await makePayload('text', bytes)
    await using day = await makePayload('text', effort.quick ? 10e6 : 100e6)
    return [
      ...(await recorded(effort, recordings, payload)),
      ...(await verified(effort, recordings, payload)),
      await sought(recordings, day),
    ]
  },
}
