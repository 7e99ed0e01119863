import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findProgram } from '@sallyport/targets/find-program'
import { freePort } from '@sallyport/postgres/free-port'
import { Missing } from '../row.ts'

/** One etcd node with fsync, over its JSON gateway and without TLS: both in its favour. */
export type Etcd = AsyncDisposable & {
  readonly pid: number
  readonly put: (key: string, value: Buffer) => Promise<void>
  readonly get: (key: string) => Promise<Buffer>
}

export const startEtcd = async (): Promise<Etcd> => {
  const program = await findProgram('etcd')
  if (program === undefined) throw new Missing('etcd (Debian: etcd-server)')
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-etcd-'))
  const [client, peer] = [await freePort(), await freePort()]
  const url = `http://127.0.0.1:${client}`
  const args = ['--data-dir', directory, '--listen-client-urls', url, '--advertise-client-urls', url]
  const peers = ['--listen-peer-urls', `http://127.0.0.1:${peer}`, '--log-level', 'error']
  const child = spawn(program, [...args, ...peers], { stdio: 'ignore' })
  const ended = once(child, 'exit')
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const post = (path: string, body: object): Promise<string> =>
    new Promise((resolve, reject) => {
      const sent = request(`${url}/v3/kv/${path}`, { method: 'POST', agent }, answer => {
        const parts: Buffer[] = []
        answer.on('data', (part: Buffer) => parts.push(part))
        answer.on('end', () => resolve(Buffer.concat(parts).toString()))
      })
      sent.on('error', reject)
      sent.end(JSON.stringify(body))
    })
  const encode = (text: string | Buffer): string => Buffer.from(text).toString('base64')
  const put = async (key: string, value: Buffer): Promise<void> => {
    const answer = await post('put', { key: encode(key), value: encode(value) })
    if (!answer.includes('revision')) throw new Error(answer)
  }
  await ready(() => put('ready', Buffer.from('yes')))
  return {
    pid: child.pid ?? 0,
    put,
    get: async key => {
      const answer: { kvs?: { value: string }[] } = JSON.parse(await post('range', { key: encode(key) }))
      return Buffer.from(answer.kvs?.[0]?.value ?? '', 'base64')
    },
    [Symbol.asyncDispose]: async () => {
      agent.destroy()
      child.kill()
      await ended
      await rm(directory, { recursive: true, force: true })
    },
  }
}

const ready = async (works: () => Promise<void>): Promise<void> => {
  for (let tries = 0; ; tries += 1) {
    try {
      return await works()
    } catch (error) {
      if (tries > 100) throw error
      await new Promise(resolve => setTimeout(resolve, 100))
    }
  }
}
