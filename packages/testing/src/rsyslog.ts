import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from './eventually.ts'
import { answers, quietPorts } from './quiet-ports.ts'
import { createServerCertificate } from './server-certificate.ts'

/** Debian's rsyslog on loopback, receiving syslog over TLS. Disposing it ends it and deletes what it received. */
export type Rsyslog = AsyncDisposable & {
  readonly port: number
  /** PEM: what to trust. */
  readonly authority: string
  /** Every message that it has written so far, as it came. */
  readonly received: () => Promise<string[]>
  /** As an operator stops it: SIGTERM. It writes what it has read. */
  readonly stop: () => Promise<void>
  /** Starts it again; what it received stays. */
  readonly start: () => Promise<void>
}

const program = '/usr/sbin/rsyslogd'
const drivers = [
  '/usr/lib/x86_64-linux-gnu/rsyslog',
  '/usr/lib/aarch64-linux-gnu/rsyslog',
  '/usr/lib/rsyslog',
]

/** Why there is no rsyslog with TLS on this machine; undefined if there is. */
export const missingRsyslog = (): string | undefined =>
  existsSync(program) && drivers.some(directory => existsSync(`${directory}/lmnsd_ossl.so`))
    ? undefined
    : 'needs rsyslog with TLS (Debian: rsyslog, rsyslog-openssl)'

const config = (directory: string, port: number): string => `
global(
  workDirectory="${directory}"
  maxMessageSize="256k"
  parser.escapeControlCharactersOnReceive="off"
  defaultNetstreamDriver="ossl"
  defaultNetstreamDriverCAFile="${directory}/certificate.pem"
  defaultNetstreamDriverCertFile="${directory}/certificate.pem"
  defaultNetstreamDriverKeyFile="${directory}/key.pem"
)
module(load="imtcp" streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="anon")
input(type="imtcp" address="127.0.0.1" port="${port}")
template(name="whole" type="list") { property(name="rawmsg") constant(value="\\n") }
action(type="omfile" file="${directory}/received" template="whole")
`

/** Ends with its standard input, so also when whoever started it was killed. */
const untilStdinEnds = '"$@" & cat > /dev/null; kill -TERM $! 2> /dev/null; wait'

export const startRsyslog = async (): Promise<Rsyslog> => {
  await using stack = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-rsyslog-'))
  stack.defer(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }))
  const [port = 0] = await quietPorts(1)
  const { certificate, privateKey } = await createServerCertificate()
  await writeFile(join(directory, 'certificate.pem'), certificate)
  await writeFile(join(directory, 'key.pem'), privateKey, { mode: 0o600 })
  await writeFile(join(directory, 'rsyslog.conf'), config(directory, port))
  const args = ['-n', '-f', join(directory, 'rsyslog.conf'), '-i', join(directory, 'pid')]
  let running: ChildProcess | undefined
  const stop = async (): Promise<void> => {
    if (!running) return
    const exit = once(running, 'exit')
    running.stdin?.end()
    running = undefined
    await exit
  }
  const start = async (): Promise<void> => {
    running = spawn('sh', ['-c', untilStdinEnds, 'rsyslog', program, ...args], {
      // It complains of each connection that only asks whether it listens.
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    await eventually(() => answers(port))
  }
  stack.defer(stop)
  await start()
  const owned = stack.move()
  return {
    port,
    authority: certificate,
    received: async () => {
      const text = await readFile(join(directory, 'received'), 'utf8').catch(() => '')
      return text.split('\n').slice(0, -1)
    },
    stop,
    start,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
