import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from './eventually.ts'
import { kafkaJars } from './kafka-jars.ts'
import { answers, quietPorts } from './quiet-ports.ts'

/** Apache Kafka: one node on loopback, broker and controller at once. Disposing it ends it and deletes its data. */
export type Kafka = AsyncDisposable & {
  /** In clear, for anybody, who may do everything. */
  readonly broker: string
  /** Over TLS, for the users that were given, who may do what ACLs allow. */
  readonly secured: { readonly broker: string; readonly authority: Buffer }
  /** As a crash ends it: SIGKILL. */
  readonly kill: () => Promise<void>
  /** Starts it again on the same data and ports. */
  readonly start: () => Promise<void>
}

/** Names and passwords of those who log in, with SCRAM-SHA-512 or PLAIN. */
type Users = Readonly<Record<string, string>>

/** Starts fast rather than to be fast: a broker of a test lives for seconds. */
const java = (...args: string[]): string[] => [
  '-Xmx256m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-cp',
  `${kafkaJars()}/*`,
  ...args,
]

/** Ends with its standard input, so also when whoever started it was killed. */
const untilStdinEnds = 'java "$@" & cat > /dev/null; kill -9 $! 2> /dev/null; wait'

type Ports = {
  readonly open: number
  /** Where clients are told that `open` is. */
  readonly advertised: number
  readonly secured: number
  readonly controller: number
}

/** Of a key that lives as long as the test's directory. */
const storePassword = 'of-no-worth'

const properties = (directory: string, ports: Ports, users: Users): string => {
  const { open, advertised, secured, controller } = ports
  return Object.entries({
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controller}`,
    listeners: `OPEN://127.0.0.1:${open},SECURED://127.0.0.1:${secured},CONTROLLER://127.0.0.1:${controller}`,
    'advertised.listeners': `OPEN://127.0.0.1:${advertised},SECURED://127.0.0.1:${secured}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'OPEN',
    'listener.security.protocol.map': 'OPEN:PLAINTEXT,SECURED:SASL_SSL,CONTROLLER:PLAINTEXT',
    // Debian’s librdkafka cannot do SCRAM with brokers that check the nonce (CVE-2024-56128).
    'sasl.enabled.mechanisms': 'SCRAM-SHA-512,PLAIN',
    'listener.name.secured.scram-sha-512.sasl.jaas.config':
      'org.apache.kafka.common.security.scram.ScramLoginModule required;',
    'listener.name.secured.plain.sasl.jaas.config': `org.apache.kafka.common.security.plain.PlainLoginModule required${plain(users)};`,
    'ssl.keystore.type': 'PKCS12',
    'ssl.keystore.location': join(directory, 'broker.p12'),
    'ssl.keystore.password': storePassword,
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': 'User:ANONYMOUS',
    'log.dirs': join(directory, 'data'),
    'auto.create.topics.enable': false,
    'offsets.topic.num.partitions': 4,
    'offsets.topic.replication.factor': 1,
    'group.initial.rebalance.delay.ms': 0,
  })
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}

const plain = (users: Users): string =>
  Object.entries(users)
    .map(([name, password]) => ` user_${name}="${password}"`)
    .join('')

/** A certificate that the broker signs itself, by the tool that comes with Java; gives it as PEM. */
const makeCertificate = (directory: string): Buffer => {
  const store = ['-alias', 'broker', '-keystore', join(directory, 'broker.p12'), '-storepass', storePassword]
  const keytool = (...args: string[]): Buffer =>
    execFileSync('keytool', [...args, ...store], { stdio: ['ignore', 'pipe', 'ignore'] })
  const name = ['-dname', 'CN=broker', '-ext', 'san=ip:127.0.0.1', '-validity', '2']
  keytool('-genkeypair', '-keyalg', 'EC', '-groupname', 'secp256r1', '-storetype', 'PKCS12', ...name)
  return keytool('-exportcert', '-rfc')
}

const format = (config: string, users: Users): void => {
  const scram = Object.entries(users).flatMap(([name, password]) => [
    '--add-scram',
    `SCRAM-SHA-512=[name="${name}",password="${password}"]`,
  ])
  const args = ['format', '--cluster-id', 'c2FsbHlwb3J0LXRlc3RzIQ', '--config', config, ...scram]
  execFileSync('java', java('kafka.tools.StorageTool', ...args), { stdio: 'ignore' })
}

/** @param way gives the port at which clients reach the one where it listens in clear; the same unless given */
export const startKafka = async (
  users: Users = {},
  way: (port: number) => Promise<number> = async port => port,
): Promise<Kafka> => {
  await using stack = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-kafka-'))
  stack.defer(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }))
  const [open = 0, secured = 0, controller = 0] = await quietPorts(3)
  const ports = { open, advertised: await way(open), secured, controller }
  const config = join(directory, 'server.properties')
  await writeFile(config, properties(directory, ports, users))
  const authority = makeCertificate(directory)
  format(config, users)
  let running: ChildProcess | undefined
  const kill = async (): Promise<void> => {
    if (!running) return
    const exit = once(running, 'exit')
    running.stdin?.end()
    running = undefined
    await exit
  }
  const start = async (): Promise<void> => {
    running = spawn('sh', ['-c', untilStdinEnds, 'kafka', ...java('kafka.Kafka', config)], {
      stdio: ['pipe', 'ignore', 'inherit'],
    })
    await eventually(async () => (await answers(ports.open)) && answers(ports.secured), 60_000)
  }
  stack.defer(kill)
  await start()
  const owned = stack.move()
  return {
    broker: `127.0.0.1:${ports.advertised}`,
    secured: { broker: `127.0.0.1:${ports.secured}`, authority },
    kill,
    start,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
