import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { CODE, PASSWORD, type TargetFacts } from './fakes.ts'

const run = promisify(execFile)

/** Builds the peer, and gives its path; undefined where there is no Go, or no way to its module. */
export const buildGoPeer = async (): Promise<string | undefined> => {
  const program = join(mkdtempSync(join(tmpdir(), 'sallyport-go-')), 'go-ssh-peer')
  const cwd = join(import.meta.dirname, 'go-ssh-peer')
  const built = run('go', ['build', '-o', program, '.'], { cwd, env: { ...process.env, CGO_ENABLED: '0' } })
  return built.then(
    () => program,
    () => undefined,
  )
}

/** What a command of the door gives, or the peer's complaint. */
export const goClient = async (program: string, port: number, command: string): Promise<string> => {
  const args = ['client', `127.0.0.1:${port}`, 'alice[root@web-1]', PASSWORD, CODE, command]
  const child = run(program, args, { maxBuffer: 256 * 1024 ** 2 })
  child.child.stdin?.end()
  return (await child).stdout
}

export type GoTarget = Disposable & { readonly facts: () => TargetFacts }

export const goTarget = async (program: string): Promise<GoTarget> => {
  const password = 'only-the-target-may-see-this'
  const server = spawn(program, ['server', password], { stdio: ['ignore', 'pipe', 'ignore'] })
  const [line]: unknown[] = await once(server.stdout, 'data')
  const [port, , key = ''] = String(line).trim().split(' ')
  return {
    facts: () => ({
      kind: 'password',
      secretBytes: () => Buffer.from(password),
      address: '127.0.0.1',
      port: Number(port),
      username: 'root',
      hostKeys: [Buffer.from(key, 'base64')],
    }),
    [Symbol.dispose]: () => void server.kill('SIGKILL'),
  }
}
