import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '@sallyport/postgres/free-port'
import { eventually } from '@sallyport/testing/eventually'
import { findProgram } from '@sallyport/targets/find-program'
import { Missing } from '../row.ts'

export type Haproxy = AsyncDisposable & { readonly pid: number; readonly url: string }

/** haproxy in HTTP mode before a server. */
export const startHaproxy = async (behind: string): Promise<Haproxy> => {
  const program = await findProgram('haproxy', ['/usr/sbin'])
  if (program === undefined) throw new Missing('haproxy (Debian: haproxy)')
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-haproxy-'))
  const port = await freePort()
  const file = join(directory, 'haproxy.cfg')
  await writeFile(
    file,
    `global
  maxconn 5000
defaults
  mode http
  timeout connect 5s
  timeout client 120s
  timeout server 120s
listen bench
  bind 127.0.0.1:${port}
  server one ${new URL(behind).host}
`,
  )
  const child = spawn(program, ['-f', file, '-db'], { stdio: 'ignore' })
  const ended = once(child, 'exit')
  await eventually(() => answers(port))
  return {
    pid: child.pid ?? 0,
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      child.kill()
      await ended
      await rm(directory, { recursive: true, force: true })
    },
  }
}

const answers = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.once('connect', () => {
      socket.end()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
