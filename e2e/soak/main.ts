// A platform under a light, constant load, for as long as it is watched and its standard input is open. Samples go to the
// given file.
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { loadHostKey, publicKeyOf } from '@sallyport/session-proxy/protocols/ssh/host-key'
import { type Api, connectApi } from '@sallyport/api-client/api'
import { type Person, signInFirst } from '@sallyport/standalone/demo/person'
import { createPerson } from '@sallyport/standalone/demo/scene'
import { makeDataRoot, startInstallation } from '../support/installation.ts'
import { startSessions } from '../support/load/sessions.ts'
import { openSmallHost } from '../support/small-host.ts'
import { allow, guard } from '../support/stage.ts'
import { type LatencySample, soakMs } from './samples.ts'

const callsEveryMs = 500
const sessionsEveryMs = 5_000
const windowMs = 30_000

const [, , path = 'soak.jsonl'] = process.argv

const stop = new AbortController()
process.stdin.on('end', () => stop.abort()).resume()
// A little longer, for the start.
setTimeout(() => stop.abort(), soakMs + 60_000).unref()

const routes = ['/devices?limit=10', '/credentials?limit=10', '/sessions?limit=10', '/users?limit=10', '/me']

/** Calls at a steady pace, and writes down every half minute how long they took. */
const call = async (api: Api): Promise<void> => {
  let [times, failures, since]: [number[], string[], number] = [[], [], performance.now()]
  for (let turn = 0; !stop.signal.aborted; turn += 1) {
    const startedAt = performance.now()
    await api.get(routes[turn % routes.length] ?? '/me').catch((failure: Error) => {
      failures.push(`${failure.message}, after ${Math.round(performance.now() - startedAt)} ms`)
    })
    times.push(performance.now() - startedAt)
    if (performance.now() - since > windowMs) {
      const p99 = times.toSorted((one, other) => one - other)[Math.floor(times.length * 0.99)] ?? 0
      const sample: LatencySample = { kind: 'latency', calls: times.length, p99, failures }
      appendFileSync(path, `${JSON.stringify(sample)}\n`)
      ;[times, failures, since] = [[], [], performance.now()]
    }
    await pause(callsEveryMs, undefined, { signal: stop.signal }).catch(() => {})
  }
}

const sessionFor = async (
  admin: Person,
  door: { sshPort: number; sshHostKey: string },
): Promise<AsyncDisposable> => {
  await using stack = new AsyncDisposableStack()
  const alice = await createPerson(admin.api, 'alice', 'user')
  const host = stack.use(await openSmallHost())
  const { deviceName } = await guard(admin.api, host, 'soak')
  await allow(admin.api, 'soak', [alice], { session: { allowed: true } })
  const { username } = host.account
  stack.use(startSessions(door, [alice], { username, deviceName }, sessionsEveryMs))
  return stack.move()
}

await using data = await makeDataRoot()
await using platform = await startInstallation(data, {
  NODE_OPTIONS: `--import=${join(import.meta.dirname, 'probe.ts')}`,
  SALLYPORT_SOAK_SAMPLES: path,
})
const { apiUrl, initialPassword = '', sshPort } = platform
using hostKey = await loadHostKey(join(data.path, 'keys/ssh_host_ed25519_key'))
const sshHostKey = `ssh-ed25519 ${publicKeyOf(hostKey).toString('base64')}`
const admin = await signInFirst(apiUrl, { userName: 'admin', initialPassword })
await using _ = await sessionFor(admin, { sshPort, sshHostKey })
await call(connectApi(apiUrl, admin.api.token))
