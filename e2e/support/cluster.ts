import type { ServiceName } from '@sallyport/identity/services'
import { type Kafka, startKafka } from '@sallyport/testing/kafka'
import { type Processes, type ProcessesOptions, startProcesses } from './processes.ts'
import { startProgram } from './program.ts'
import { onKafka } from './service-environment.ts'

/** Two replicas of every service, each a process, with Kafka and PostgreSQL of their own. */
export type Cluster = AsyncDisposable & { readonly kafka: Kafka; readonly platform: Processes }

type ClusterOptions = Omit<ProcessesOptions, 'replicas' | 'broker'> & {
  /** See `startKafka`. */
  readonly wayToKafka?: (port: number) => Promise<number>
}

export const openCluster = async ({ wayToKafka, ...options }: ClusterOptions = {}): Promise<Cluster> => {
  await using stack = new AsyncDisposableStack()
  const kafka = stack.use(await startKafka({}, wayToKafka))
  await using topics = startProgram('services/audit/src/topics-main.ts', [], { env: onKafka(kafka.broker) })
  if ((await topics.exit) !== 0) throw new Error(`There are no topics:\n${topics.printed()}`)
  const platform = stack.use(await startProcesses({ ...options, replicas: 2, broker: kafka.broker }))
  const owned = stack.move()
  return { kafka, platform, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

/** Kills a replica, and waits until it serves again. */
export const killReplica = async (
  { replicas }: Processes,
  replica: number,
  name: ServiceName,
): Promise<void> => {
  const supervised = replicas[replica]?.[name]
  if (!supervised) throw new Error(`There is no replica ${replica}`)
  const run = supervised.runs()
  supervised.kill('SIGKILL')
  await supervised.ready(run + 1)
}
