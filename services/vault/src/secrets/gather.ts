type Waiting<Q, R> = { item: Q; resolve: (result: R) => void; reject: (error: unknown) => void }

type Work<Q, R> = (key: string, items: readonly Q[]) => Promise<readonly R[]>

/**
 * Works on items by key. The first is worked on at once; what comes meanwhile is then worked on together: a transaction
 * costs about the same for one item as for fifty. `work` answers in the order of its items, `most` at a time.
 */
export const gatherBy = <Q, R>(work: Work<Q, R>, most: number): ((key: string, item: Q) => Promise<R>) => {
  const queues = new Map<string, (item: Q) => Promise<R>>()
  return (key, item) => {
    const add =
      queues.get(key) ?? queueOf(items => work(key, items), { most, idle: () => queues.delete(key) })
    queues.set(key, add)
    return add(item)
  }
}

const queueOf = <Q, R>(
  work: (items: readonly Q[]) => Promise<readonly R[]>,
  { most, idle }: { most: number; idle: () => void },
): ((item: Q) => Promise<R>) => {
  const waiting: Waiting<Q, R>[] = []
  let isRunning = false

  const workOn = async (batch: readonly Waiting<Q, R>[]): Promise<void> => {
    try {
      const results = await work(batch.map(({ item }) => item))
      for (const [index, result] of results.entries()) batch[index]?.resolve(result)
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }
  const run = async (): Promise<void> => {
    isRunning = true
    while (waiting.length > 0) await workOn(waiting.splice(0, most))
    isRunning = false
    idle()
  }

  return item =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      if (!isRunning) void run()
    })
}
