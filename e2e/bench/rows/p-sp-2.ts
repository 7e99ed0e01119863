import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { signInFirst } from '@sallyport/standalone/demo/person'
import pg from 'pg'
import { type Processes, startProcesses } from '../../support/processes.ts'
import { allow, guard } from '../../support/stage.ts'
import { compareAll, type Contestant } from '../pairs.ts'
import type { Effort, Measurement, Row } from '../row.ts'
import { type ClientConfig, clientConfig } from '../sessions/client-config.ts'
import { type Crew, hireCrew } from '../sessions/crew.ts'
import { type OpenSshTarget, openSshTarget } from '../sessions/target.ts'

type Scene = AsyncDisposable & {
  readonly target: OpenSshTarget
  readonly platform: Processes
  readonly client: ClientConfig
  readonly crew: Crew
  readonly deviceName: string
}

/** Every service in a process of its own, so that the proxy's processor time is the proxy's alone. */
const openScene = async (people: number): Promise<Scene> => {
  await using stack = new AsyncDisposableStack()
  const target = stack.use(await openSshTarget())
  const limits = { SALLYPORT_GATEWAY_LIMIT_LOGIN: '100000' }
  const platform = stack.use(await startProcesses({ environment: { gateway: limits } }))
  const admin = await signInFirst(platform.apiUrl, {
    userName: 'admin',
    initialPassword: platform.initialPassword,
  })
  const account = { username: target.username, password: target.privateKey, secretKind: 'ssh-key' } as const
  const { deviceName } = await guard(admin.api, { server: target, account }, 'bench')
  const crew = await hireCrew(admin.api, people, target.publicKey)
  await allow(admin.api, 'bench', crew.people, { session: { allowed: true } })
  const hostKey = Buffer.from(platform.sshHostKey.split(' ')[1] ?? '', 'base64')
  const ours = { host: 'ours', port: platform.sshPort, user: 'said-on-the-command-line', hostKey }
  const client = stack.use(await clientConfig(target, [ours]))
  const owned = stack.move()
  return { target, platform, client, crew, deviceName, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

const connect = async (args: readonly string[]): Promise<void> => {
  // Nobody is asked anything: the code is in the login name.
  const env = { ...process.env, SSH_ASKPASS: '/bin/false', SSH_ASKPASS_REQUIRE: 'force' }
  const child = spawn('ssh', [...args, 'true'], { stdio: ['ignore', 'inherit', 'inherit'], env })
  const [status] = await once(child, 'close')
  if (status !== 0) throw new Error(`ssh ${args.at(-1)} ended with ${String(status)}`)
}

/** Runs all of it, so many at the same time, and gives milliseconds for each. */
const setUp = async (sessions: readonly (readonly string[])[], atOnce: number): Promise<number> => {
  const waiting = [...sessions]
  const began = performance.now()
  const worker = async (): Promise<void> => {
    for (let args = waiting.shift(); args !== undefined; args = waiting.shift()) await connect(args)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return (performance.now() - began) / sessions.length
}

const through = ({ client, crew, deviceName, target }: Scene, count: number): Promise<string[][]> =>
  Promise.all(
    Array.from({ length: count }, async () => {
      const { userName, code } = await crew.next()
      return [...client.args, '-l', `${userName}[${target.username}@${deviceName}]${code}`, 'ours']
    }),
  )

const measure = async (
  effort: Effort,
  scene: Scene,
  atOnce: number,
  count: number,
): Promise<Measurement[]> => {
  const { platform, target, client } = scene
  const proxy = platform.services['session-proxy'].pid()
  const ours: Contestant = {
    name: 'Sallyport',
    processes: [proxy],
    run: async () => setUp(await through(scene, count), atOnce),
  }
  const peer = (name: string, host: string, pid: number): Contestant => ({
    name,
    processes: [pid],
    run: () =>
      setUp(
        Array.from({ length: count }, () => [...client.args, host]),
        atOnce,
      ),
  })
  const peers = [peer('ProxyJump', 'jumped', target.jump.pid), peer('direct', 'direct', target.server.pid)]
  const [jump, direct] = await compareAll(effort, ours, peers)
  if (jump === undefined || direct === undefined) throw new Error('there were two peers')
  const cpu = (jump.ours.cpuSeconds * 1000) / (count * effort.pairs)
  const what = `set-up of an audited session, ${atOnce} at a time`
  const faster = 1 / direct.ratio
  return [
    { what, unit: 'ms', ...jump, target: '≤ 0.6 × ProxyJump', reached: jump.ratio <= 0.6 },
    { what, unit: 'ms', ...direct, target: '≥ 0.75 × direct’s rate', reached: faster >= 0.75 },
    {
      what: `${what}: the proxy’s processor`,
      unit: 'ms',
      ours: { ...jump.ours, value: cpu },
      target: '≤ 10 ms',
      reached: cpu <= 10,
    },
  ]
}

/** Each of our runs must have left a session that ended well, sealed, with its audit events. */
const checkLedger = async ({ platform }: Scene, expected: number): Promise<void> => {
  const client = new pg.Client({ connectionString: platform.postgres.adminUrl() })
  await client.connect()
  try {
    const { rows } = await client.query<{ count: string }>(
      'select count(*) from session_proxy.sessions where exit_status = 0 and segments > 0 and ended_at is not null',
    )
    if (Number(rows[0]?.count) !== expected) throw new Error(`${rows[0]?.count} sessions of ${expected}`)
  } finally {
    await client.end()
  }
}

export const row: Row = {
  id: 'P-SP-2',
  title: 'set-up of a session: connect, key and one-time code, policy, grant, recording, `true`, exit, audit',
  run: async effort => {
    const count = effort.quick ? 8 : 24
    const sizes = [1, 6, 16]
    await using scene = await openScene(effort.quick ? 16 : 56)
    const measurements: Measurement[] = []
    for (const atOnce of sizes) measurements.push(...(await measure(effort, scene, atOnce, count)))
    await checkLedger(scene, sizes.length * (effort.pairs + 1) * count)
    return measurements
  },
}
