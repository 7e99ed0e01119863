import { setTimeout as pause } from 'node:timers/promises'
import type { Api } from '@sallyport/api-client/api'
import { type ServiceName, serviceNames } from '@sallyport/identity/services'
import type { Processes } from './processes.ts'
import { connectSuperuserAt } from './superuser.ts'

/** Somebody who reads and writes without a pause, and tries nothing twice. */
export type Asking = { readonly answered: () => number; readonly failures: () => readonly unknown[] }

export const startAsking = (api: Api): Asking & AsyncDisposable => {
  const stop = new AbortController()
  const failures: unknown[] = []
  let answered = 0
  const pages = ['/devices?limit=5', '/targets?limit=5', '/templates?limit=5']
  const startedAt = Date.now()
  const asking = (async () => {
    for (let turn = 0; !stop.signal.aborted; turn += 1) {
      const asked =
        turn % 4 === 0
          ? api.post('/user-groups', { name: `asked ${startedAt} ${turn}`, userIds: [] })
          : api.get(pages[turn % 3] ?? '')
      await asked.then(
        () => (answered += 1),
        (failure: unknown) => failures.push(failure),
      )
    }
  })()
  return {
    answered: () => answered,
    failures: () => failures,
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await asking
    },
  }
}

const reconnectMs = 2_500

/** Stops a process and starts it anew, as an upgrade does it; as another version if its checkout is given. */
export const rollOne = async (
  platform: Processes,
  [name, replica]: readonly [ServiceName, number],
  checkout?: string,
): Promise<void> => {
  const supervised = platform.replicas[replica]?.[name]
  if (!supervised) throw new Error(`There is no replica ${replica}`)
  const run = supervised.runs()
  if (checkout) supervised.moveTo(checkout)
  supervised.kill('SIGTERM')
  await supervised.ready(run + 1)
  await platform.ready()
  // The chart lets a pod wait for five seconds before it is told: callers try again within two.
  await pause(reconnectMs)
}

/** All processes in the order in which they are rolled, but the session proxy that has a live session of that person. */
export const allBut = async (
  platform: Processes,
  userName: string,
): Promise<readonly (readonly [ServiceName, number])[]> => {
  const carrier = await carrierOf(platform, userName)
  const all = serviceNames.flatMap(name => platform.replicas.map((_, replica) => [name, replica] as const))
  return all.filter(([name, replica]) => name !== 'session-proxy' || replica !== carrier)
}

/** The replica of the session proxy that has a live session of a person. */
export const carrierOf = async ({ postgres }: Processes, userName: string): Promise<number> => {
  await using superuser = await connectSuperuserAt(postgres.adminUrl())
  const [session] = await superuser.query(
    'select instance from session_proxy.sessions where ended_at is null and user_name = $1',
    [userName],
  )
  const [, replica] = /^replica-(\d+)$/.exec(String(session?.['instance'])) ?? []
  if (replica === undefined) throw new Error(`${userName} has no live session`)
  return Number(replica)
}
