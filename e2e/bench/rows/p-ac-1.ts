import { openCasbin } from '../decisions/casbin.ts'
import { openCedar } from '../decisions/cedar.ts'
import { openWorld, type Question, questionOf, type Size, type World } from '../decisions/world.ts'
import { compareAll, type Contestant, measure, median, quantile } from '../pairs.ts'
import type { Effort, Measurement, Row, Side } from '../row.ts'

const large: Size = { users: 50_000, groups: 10_000, credentials: 1_000_000 }
const small: Size = { users: 50, groups: 10, credentials: 1_000_000 }

type Decide = (question: Question) => boolean | Promise<boolean>

const allowedBy =
  (world: World): Decide =>
  async question =>
    (await world.decide(question)) === 'allowed'

const questionsOf = (size: Size, count: number): Question[] =>
  Array.from({ length: count }, (_, number) => questionOf(number, size))

/** Asks everything once, and gives decisions a second. Who does not answer as expected is not measured. */
const contestant = (
  name: string,
  decide: Decide,
  questions: readonly Question[],
  expected: readonly boolean[],
): Contestant => ({
  name,
  processes: [process.pid],
  run: async () => {
    const answers: boolean[] = []
    const began = performance.now()
    for (const question of questions) answers.push(await decide(question))
    const seconds = (performance.now() - began) / 1000
    if (answers.some((answer, index) => answer !== expected[index]))
      throw new Error(`${name} decides otherwise`)
    return questions.length / seconds
  },
})

const besidePeers = async (
  effort: Effort,
  world: World,
  size: Size,
  counts: { ours: number; casbin: number; cedar: number },
): Promise<[Compared, Compared]> => {
  const decide = allowedBy(world)
  const questions = questionsOf(size, counts.ours)
  const expected: boolean[] = []
  for (const question of questions) expected.push(await decide(question))
  if (expected.every(allowed => allowed) || !expected.includes(true))
    throw new Error('the questions are too easy')
  const part = (name: string, peer: Decide, count: number): Contestant =>
    contestant(name, peer, questions.slice(0, count), expected)
  const casbin = await openCasbin(size, questions.slice(0, counts.casbin))
  const [first, second] = await compareAll(effort, contestant('ours', decide, questions, expected), [
    part('casbin', casbin, counts.casbin),
    part('Cedar (wasm)', openCedar(size), counts.cedar),
  ])
  if (first === undefined || second === undefined) throw new Error('there were two peers')
  return [first, second]
}

type Compared = { ours: Side; peer: Side; ratio: number }

const line = (what: string, compared: Compared, least: number): Measurement => ({
  what,
  unit: 'decisions/s',
  ...compared,
  target: `≥ ${least} × ${compared.peer.name}`,
  reached: compared.ratio >= least,
})

/** Each decision timed alone, on questions that nobody asked before. */
const latencies = async (world: World, size: Size, from: number, count: number): Promise<number[]> => {
  const times: number[] = []
  for (let number = from; number < from + count; number += 1) {
    const question = questionOf(number, size)
    const began = process.hrtime.bigint()
    await world.decide(question)
    times.push(Number(process.hrtime.bigint() - began) / 1000)
  }
  return times
}

const atAMillion = async (effort: Effort, world: World, warmSeconds: number): Promise<Measurement[]> => {
  const p50s: number[] = []
  let run = 0
  const p99 = await measure(effort, {
    name: 'ours',
    processes: [process.pid],
    run: async () => {
      const times = await latencies(world, large, (run += 50_000), 50_000)
      p50s.push(quantile(times, 0.5))
      return quantile(times, 0.99)
    },
  })
  const p50 = { ...p99, value: median(p50s) }
  const what = '1 M credentials, 50 k users, 10 k groups'
  const note = `every user’s groups read in ${warmSeconds.toFixed(1)} s before`
  return [
    { what: `${what}: p99`, unit: 'µs', ours: p99, target: '≤ 20 µs', reached: p99.value <= 20, note },
    { what: `${what}: p50`, unit: 'µs', ours: p50, target: '≤ 20 µs', reached: p50.value <= 20 },
  ]
}

export const row: Row = {
  id: 'P-AC-1',
  title: 'decisions in process',
  run: async effort => {
    const smallWorld = openWorld(small)
    await smallWorld.warm()
    const few = await besidePeers(effort, smallWorld, small, { ours: 5_000, casbin: 500, cedar: 500 })
    const world = openWorld(large)
    const began = performance.now()
    await world.warm()
    const alone = await atAMillion(effort, world, (performance.now() - began) / 1000)
    const many = await besidePeers(effort, world, large, { ours: 5_000, casbin: 10, cedar: 10 })
    return [
      ...alone,
      ...few.map(compared => line('10 policies', compared, 20)),
      ...many.map(compared => line('10,000 policies', compared, 1000)),
    ]
  },
}
