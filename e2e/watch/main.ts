// Runs the platform as processes of its own under some load, with a synthetic user and a real Prometheus, and prints what
// an operator sees: the metrics of one service, the alerts, and the dashboard as text. With --prometheus it prints the
// dashboard of one that there is.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { serviceNames } from '@sallyport/identity/services'
import { freePort } from '@sallyport/postgres/free-port'
import { type Person, signInFirst } from '@sallyport/standalone/demo/person'
import { createPerson } from '@sallyport/standalone/demo/scene'
import { startRotations } from '../support/load/rotations.ts'
import { startSessions } from '../support/load/sessions.ts'
import { startWriters } from '../support/load/writers.ts'
import { type Processes, startProcesses } from '../support/processes.ts'
import { startProgram } from '../support/program.ts'
import { setPolicy } from '../support/rotation.ts'
import { openSmallHost } from '../support/small-host.ts'
import { allow, guard } from '../support/stage.ts'
import { alertsText, dashboardText } from './dashboard-text.ts'
import { startPrometheus } from './prometheus.ts'

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '5' }, prometheus: { type: 'string' } },
})

const secretFile = async (processes: Processes, name: string, content: string): Promise<string> => {
  const path = join(processes.directory, name)
  await writeFile(path, content, { mode: 0o600 })
  return path
}

const syntheticEnvironment = async (
  processes: Processes,
  { user, approver, target, port }: { user: Person; approver: Person; target: string; port: number },
): Promise<Record<string, string>> => ({
  SALLYPORT_SYNTHETIC_API_URL: processes.apiUrl,
  SALLYPORT_SYNTHETIC_SSH_HOST: '127.0.0.1',
  SALLYPORT_SYNTHETIC_SSH_PORT: `${processes.sshPort}`,
  SALLYPORT_SYNTHETIC_SSH_HOST_KEY: processes.sshHostKey,
  SALLYPORT_SYNTHETIC_USER_NAME: user.userName,
  SALLYPORT_SYNTHETIC_USER_PASSWORD_FILE: await secretFile(processes, 'user', user.password),
  SALLYPORT_SYNTHETIC_USER_TOTP_FILE: await secretFile(processes, 'user-totp', user.totpUri),
  SALLYPORT_SYNTHETIC_APPROVER_NAME: approver.userName,
  SALLYPORT_SYNTHETIC_APPROVER_PASSWORD_FILE: await secretFile(processes, 'approver', approver.password),
  SALLYPORT_SYNTHETIC_APPROVER_TOTP_FILE: await secretFile(processes, 'approver-totp', approver.totpUri),
  SALLYPORT_SYNTHETIC_TARGET: target,
  SALLYPORT_HEALTH_PORT: `${port}`,
})

const watch = async (minutes: number): Promise<void> => {
  await using stack = new AsyncDisposableStack()
  const processes = stack.use(await startProcesses())
  const { apiUrl, initialPassword } = processes
  const { api } = await signInFirst(apiUrl, { userName: 'admin', initialPassword })
  const [visited, changed] = [stack.use(await openSmallHost()), stack.use(await openSmallHost())]
  const device = await guard(api, visited, 'watched')
  const rotated = await guard(api, changed, 'changed')
  await setPolicy(api, rotated)
  const user = await createPerson(api, 'synthetic-user', 'user')
  const approver = await createPerson(api, 'synthetic-approver', 'approver')
  const visitors = [await createPerson(api, 'ann', 'user'), await createPerson(api, 'ben', 'user')]
  await allow(api, 'watched', visitors, { session: { allowed: true } })
  await allow(api, 'watched', [user], {
    session: { allowed: true, justification: true, approvals: 1, maxWindowSeconds: 300 },
    approvers: [approver],
  })
  const port = await freePort()
  const target = `${visited.account.username}@${device.deviceName}`
  const env = await syntheticEnvironment(processes, { user, approver, target, port })
  stack.use(startProgram('services/synthetic-user/src/main.ts', [], { env }))
  const scraped = serviceNames.map(service => ({
    service,
    port: Number(processes.services[service].environment['SALLYPORT_HEALTH_PORT']),
  }))
  const prometheus = stack.use(await startPrometheus([...scraped, { service: 'synthetic-user', port }]))
  stack.use(startWriters(api, 2))
  stack.use(startRotations(api, [rotated]))
  const { username } = visited.account
  stack.use(startSessions(processes, visitors, { username, deviceName: device.deviceName }, 500))
  await pause(minutes * 60_000)
  console.log((await processes.metrics('vault')).trim())
  console.log(`\n${await alertsText(prometheus.url)}\n\n${await dashboardText(prometheus.url)}`)
}

if (values.prometheus) console.log(await dashboardText(values.prometheus))
else await watch(Number(values.minutes))
