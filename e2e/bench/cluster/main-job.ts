import { type Person, signInFirst } from '@sallyport/standalone/demo/person'
import { createPerson } from '@sallyport/standalone/demo/scene'
import { allow } from '../../support/stage.ts'
import { type Contestant, median, quantile } from '../pairs.ts'
import type { Effort } from '../row.ts'

type Versioned = { readonly id: string; readonly version: number; readonly state: string }
type Couple = { readonly requester: Person; readonly approver: Person }

/** People of one installation who ask for access and decide on it. */
export type MainJob = {
  /** They do so for that long; calls a second, and within how many milliseconds 99 % of them were answered. */
  readonly run: (seconds: number) => Promise<{ readonly perSecond: number; readonly p99: number }>
  readonly requests: () => number
}

/** Without limits of people, who are few here and do the work of many. */
export const gatewayLimits: Readonly<Record<string, string>> = {
  SALLYPORT_GATEWAY_LIMIT_READ: '10000000',
  SALLYPORT_GATEWAY_LIMIT_WRITE: '10000000',
  SALLYPORT_GATEWAY_LIMIT_LOGIN: '10000000',
  SALLYPORT_GATEWAY_LIMIT_SECRET: '10000000',
}

/** @param couples how many ask and decide at the same time */
export const hireCouples = async (
  place: { readonly apiUrl: string; readonly initialPassword: string },
  couples: number,
): Promise<MainJob> => {
  const { apiUrl, initialPassword } = place
  const admin = await signInFirst(apiUrl, { userName: 'admin', initialPassword })
  // Nothing connects there: what is measured is what people ask and what is decided.
  const account = { username: 'deploy', password: 'of no worth', secretKind: 'password' } as const
  const hostKey = 'AAAAC3NzaC1lZDI1NTE5AAAAIGJlmXgXvGdp8FQuVQ4W0QHGxIUI4Mm0E1Kx5sU0B1xC'
  const device = await admin.api.post<Versioned>('/devices', {
    name: 'bench',
    address: '192.0.2.7',
    type: 'linux-server',
    tags: ['bench'],
    connectivities: [{ protocol: 'ssh', port: 22 }],
  })
  await admin.api.put(
    `/devices/${device.id}/host-keys`,
    { port: 22, publicKeys: [hostKey] },
    { ifMatch: device.version },
  )
  const credential = await admin.api.post<Versioned>('/credentials', {
    username: account.username,
    type: 'local-user',
    secretKind: account.secretKind,
    deviceIds: [device.id],
    initialSecret: { secret: account.password },
  })
  const hired: Couple[] = []
  for (let couple = 0; couple < couples; couple += 1) {
    const requester = await createPerson(admin.api, `requester-${couple}`, 'user')
    const approver = await createPerson(admin.api, `approver-${couple}`, 'approver')
    await allow(admin.api, 'bench', [requester], {
      session: { allowed: true, approvals: 1 },
      approvers: [approver],
    })
    hired.push({ requester, approver })
  }
  let requests = 0
  const goal = { credentialId: credential.id, deviceId: device.id, action: 'session' }
  const cycle = async ({ requester, approver }: Couple, timed: Timed): Promise<void> => {
    await timed(requester.api.get('/targets?limit=20'))
    const asked = await timed(
      requester.api.post<Versioned>('/requests', { ...goal, justification: 'the disk is full' }),
    )
    requests += 1
    await timed(approver.api.get('/requests?scope=to-decide&limit=20'))
    const approved = await timed(
      approver.api.post<Versioned>(`/requests/${asked.id}/approve`, {}, { ifMatch: asked.version }),
    )
    if (approved.state !== 'approved') throw new Error(`It is ${approved.state}`)
    const revoked = await timed(
      approver.api.post<Versioned>(`/requests/${asked.id}/revoke`, {}, { ifMatch: approved.version }),
    )
    if (revoked.state !== 'revoked') throw new Error(`It is ${revoked.state}`)
  }
  return {
    requests: () => requests,
    run: async seconds => {
      const times: number[] = []
      const timed: Timed = async call => {
        const began = performance.now()
        const answer = await call
        times.push(performance.now() - began)
        return answer
      }
      const began = performance.now()
      const until = began + seconds * 1_000
      await Promise.all(
        hired.map(async couple => {
          while (performance.now() < until) await cycle(couple, timed)
        }),
      )
      return { perSecond: times.length / ((performance.now() - began) / 1_000), p99: quantile(times, 0.99) }
    },
  }
}

/** One that does the main job for as long as each run takes; and the median of the runs' p99, in milliseconds. */
export const contestantOf = (
  name: string,
  processes: readonly number[],
  job: MainJob,
  { seconds }: Pick<Effort, 'seconds'>,
): Contestant & { readonly p99: () => number } => {
  const p99s: number[] = []
  return {
    name,
    processes,
    run: async () => {
      const { perSecond, p99 } = await job.run(seconds)
      p99s.push(p99)
      return perSecond
    },
    p99: () => median(p99s),
  }
}

type Timed = <T>(call: Promise<T>) => Promise<T>
