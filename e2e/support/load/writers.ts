import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { type Api, ApiProblem } from '@sallyport/api-client/api'

/** A write that was acknowledged, and the audit record that it must have left. */
export type Acknowledged = { readonly code: string; readonly table: string; readonly id: string }

export type Writers = AsyncDisposable & {
  readonly acknowledged: () => readonly Acknowledged[]
  /** What no repetition could explain. */
  readonly surprises: () => readonly unknown[]
}

type Kind = Pick<Acknowledged, 'code' | 'table'> & {
  readonly path: string
  readonly body: (name: string) => object
}

/** One for each service that stores what people order. */
const kinds: readonly Kind[] = [
  {
    code: 'device.created',
    table: 'vault.devices',
    path: '/devices',
    body: name => ({
      name,
      address: '192.0.2.7',
      type: 'linux-server',
      connectivities: [{ protocol: 'ssh', port: 22 }],
    }),
  },
  {
    code: 'group.created',
    table: 'access_control.user_groups',
    path: '/user-groups',
    body: name => ({ name, userIds: [] }),
  },
  {
    code: 'template.created',
    table: 'execution.templates',
    path: '/templates',
    body: name => ({ name, executor: 'ssh', source: 'exec "passwd"\n' }),
  },
]

/** Writes all the time, as a careful client does: with a key, and again with the same key until there is an answer. */
export const startWriters = (api: Api, count: number): Writers => {
  const stop = new AbortController()
  const acknowledged: Acknowledged[] = []
  const surprises: unknown[] = []
  const write = async ({ path, body, ...kind }: Kind): Promise<void> => {
    const idempotencyKey = randomUUID()
    const content = body(`load-${idempotencyKey}`)
    while (!stop.signal.aborted) {
      try {
        const { id } = await api.post<{ id: string }>(path, content, { idempotencyKey })
        acknowledged.push({ ...kind, id })
        return
      } catch (failure) {
        if (failure instanceof ApiProblem && failure.status < 500 && failure.status !== 429) {
          surprises.push(failure)
          return
        }
        await pause(20)
      }
    }
  }
  const writer = async (first: number): Promise<void> => {
    for (let turn = first; !stop.signal.aborted; turn += 1) {
      const kind = kinds[turn % kinds.length]
      if (kind) await write(kind)
      await pause(50)
    }
  }
  const writing = Promise.all(Array.from({ length: count }, (_, index) => writer(index)))
  return {
    acknowledged: () => acknowledged,
    surprises: () => surprises,
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await writing
    },
  }
}
