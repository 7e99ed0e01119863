import { eventually } from '@sallyport/testing/eventually'
import { connectSuperuserAt } from '../../support/superuser.ts'
import { type Processes, startProcesses } from '../../support/processes.ts'
import { contestantOf, gatewayLimits, hireCouples, type MainJob } from '../cluster/main-job.ts'
import { compare } from '../pairs.ts'
import type { Row } from '../row.ts'

const couples = 8

const pidsOf = async ({ replicas, postgres }: Processes): Promise<number[]> => [
  ...replicas.flatMap(replica => Object.values(replica).map(service => service.pid())),
  await postgres.pid(),
]

/** Each request is there once, and once in the trail. */
const checkOnce = async ({ postgres }: Processes, job: MainJob): Promise<void> => {
  await using superuser = await connectSuperuserAt(postgres.adminUrl())
  const [row] = await superuser.query(
    `select (select count(*)::int from access_control.requests) as stored,
            (select count(*)::int from audit.records where code = 'request.created') as recorded`,
  )
  const counted = [row?.['stored'], row?.['recorded']]
  if (counted.some(count => count !== job.requests()))
    throw new Error(`${job.requests()} requests were made, and there are ${counted.join(' and ')}`)
}

export const row: Row = {
  id: 'REPLICAS',
  title: 'the main job’s REST calls by two replicas of every service, beside one, on the same cores',
  run: async effort => {
    await using stack = new AsyncDisposableStack()
    const open = async (replicas: number): Promise<Processes> =>
      stack.use(await startProcesses({ replicas, environment: { gateway: gatewayLimits } }))
    const [two, one] = [await open(2), await open(1)]
    const [twoJob, oneJob] = [await hireCouples(two, couples), await hireCouples(one, couples)]
    const ours = contestantOf('two replicas', await pidsOf(two), twoJob, effort)
    const peer = contestantOf('one', await pidsOf(one), oneJob, effort)
    const compared = await compare(effort, ours, peer)
    await eventually(() => checkOnce(two, twoJob).then(() => true), 30_000)
    const [p99, peerP99] = [ours.p99(), peer.p99()]
    return [
      {
        what: `targets, request, list, approve, revoke by ${couples} couples: calls`,
        unit: '/s',
        ...compared,
        target: '≥ 1 × one replica, nothing twice',
        reached: compared.ratio >= 1,
        note: `${twoJob.requests()} requests, each stored and recorded once`,
      },
      {
        what: 'the same: p99',
        unit: 'ms',
        ours: { ...compared.ours, value: p99 },
        peer: { ...compared.peer, value: peerP99 },
        ratio: p99 / peerP99,
        target: '≤ 1 × one replica',
        reached: p99 <= peerP99,
      },
    ]
  },
}
