// A platform of the given kind under a light, constant load, for as long as it is watched and its standard input is open.
// Samples go to the given file.
import { appendFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { type Api, connectApi } from '@sallyport/api-client/api'
import { type Person, signInFirst } from '@sallyport/standalone/demo/person'
import { createPerson } from '@sallyport/standalone/demo/scene'
import { startSessions } from '../support/load/sessions.ts'
import { openSmallHost } from '../support/small-host.ts'
import { allow, guard } from '../support/stage.ts'
import { openWatched } from './platforms.ts'
import { type LatencySample, soakMs } from './samples.ts'
import { watchedPlatforms } from './watched-platforms.ts'

/** Two at once, so that both replicas have some. */
const callsAtOnce = 2
const callsEveryMs = 1_000
/** Each of two people. */
const sessionsEveryMs = 10_000
const windowMs = 30_000

const [, , kind, path = 'soak.jsonl'] = process.argv

const stop = new AbortController()
process.stdin.on('end', () => stop.abort()).resume()
// A little longer, for the start of a dozen processes beside everything else.
setTimeout(() => stop.abort(), soakMs + 3 * 60_000).unref()

const routes = ['/devices?limit=10', '/credentials?limit=10', '/sessions?limit=10', '/users?limit=10', '/me']

/** Calls at a steady pace, and writes down every half minute how long they took. */
const call = async (api: Api): Promise<void> => {
  let [times, failures, since]: [number[], string[], number] = [[], [], performance.now()]
  const ask = async (route = '/me'): Promise<void> => {
    const startedAt = performance.now()
    await api.get(route).catch((failure: Error) => {
      failures.push(`${failure.message}, after ${Math.round(performance.now() - startedAt)} ms`)
    })
    times.push(performance.now() - startedAt)
  }
  for (let turn = 0; !stop.signal.aborted; turn += 1) {
    const route = routes[turn % routes.length]
    await Promise.all(Array.from({ length: callsAtOnce }, () => ask(route)))
    if (performance.now() - since > windowMs) {
      const p99 = times.toSorted((one, other) => one - other)[Math.floor(times.length * 0.99)] ?? 0
      const sample: LatencySample = { kind: 'latency', calls: times.length, p99, failures }
      appendFileSync(path, `${JSON.stringify(sample)}\n`)
      ;[times, failures, since] = [[], [], performance.now()]
    }
    await pause(callsEveryMs, undefined, { signal: stop.signal }).catch(() => {})
  }
}

const sessionsFor = async (
  admin: Person,
  door: { sshPort: number; sshHostKey: string },
): Promise<AsyncDisposable> => {
  await using stack = new AsyncDisposableStack()
  const visitors = [
    await createPerson(admin.api, 'alice', 'user'),
    await createPerson(admin.api, 'bob', 'user'),
  ]
  const host = stack.use(await openSmallHost())
  const { deviceName } = await guard(admin.api, host, 'soak')
  await allow(admin.api, 'soak', visitors, { session: { allowed: true } })
  const { username } = host.account
  stack.use(startSessions(door, visitors, { username, deviceName }, sessionsEveryMs))
  return stack.move()
}

const watched = watchedPlatforms.find(platform => platform.kind === kind)
if (!watched) throw new Error(`There is no platform of the kind ${kind}`)
await using platform = await openWatched(watched, path)
const { apiUrl, initialPassword } = platform
const admin = await signInFirst(apiUrl, { userName: 'admin', initialPassword })
await using _ = await sessionsFor(admin, platform)
await call(connectApi(apiUrl, admin.api.token))
