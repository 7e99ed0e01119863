import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Program, startProgram } from './program.ts'

export const startScript = 'services/standalone/src/main.ts'

/** A directory for `start --data-dir`, gone when it is disposed. */
export type DataRoot = AsyncDisposable & { readonly path: string }

export const makeDataRoot = async (): Promise<DataRoot> => {
  const path = await mkdtemp(join(tmpdir(), 'sallyport-e2e-'))
  // PostgreSQL runs as another user when we are root.
  await chmod(path, 0o711)
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** What `start` printed when it was ready. */
export type Installation = Program & {
  readonly apiUrl: string
  readonly sshPort: number
  /** Only at the first start. */
  readonly initialPassword: string | undefined
  readonly readyAfterMs: number
}

/** `pnpm start` on free ports, ready. */
export const startInstallation = async (
  { path }: DataRoot,
  env: Readonly<Record<string, string>> = {},
): Promise<Installation> => {
  const startedAt = performance.now()
  const args = ['--data-dir', path, '--http-port', '0', '--ssh-port', '0', '--log-level', 'error']
  const program = startProgram(startScript, args, { env })
  await program.shows(/Ctrl-C stops everything/)
  const text = program.printed()
  return {
    ...program,
    apiUrl: /(http:\S+)\/v1\n/.exec(text)?.[1] ?? '',
    sshPort: Number(/ssh -p (\d+)/.exec(text)?.[1]),
    initialPassword: /password +(\S+)/.exec(text)?.[1],
    readyAfterMs: Math.round(performance.now() - startedAt),
  }
}

/** The process id and the port of the PostgreSQL that runs on a directory, as it wrote them down itself. */
export const postgresOf = async (data: Pick<DataRoot, 'path'>): Promise<{ pid: number; port: number }> => {
  const lines = (await readFile(join(data.path, 'postgres/cluster/postmaster.pid'), 'utf8')).split('\n')
  return { pid: Number(lines[0]), port: Number(lines[3]) }
}
