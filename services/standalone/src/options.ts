import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { crashAt } from '@sallyport/execution/crash-at'
import type { CrashPoint } from '@sallyport/execution/worker/journal'
import type { RateLimits } from '@sallyport/gateway/edge/rate-limits'

export type StandaloneOptions = {
  readonly dataDirectory: string
  readonly host: string
  readonly httpPort: number
  readonly sshPort: number
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** What one caller may ask of the REST API in a minute; not on the command line. */
  readonly limits?: RateLimits
  /** Called at each step of a password change. Only in tests. */
  readonly crashPoint?: CrashPoint
}

/** Thrown for a command line that cannot be followed; its message tells what to do. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export const help = `Usage: pnpm start [options]

Starts every service of Sallyport in one process, with a PostgreSQL of its own.

  --data-dir DIR     where everything is kept             (default: .data/standalone)
  --host ADDRESS     the address to listen on             (default: 127.0.0.1)
  --http-port PORT   the REST API                         (default: 8080; 0: any free one)
  --ssh-port PORT    the SSH session proxy                (default: 2222; 0: any free one)
  --log-level LEVEL  debug, info, warn, error or silent   (default: warn)
  --help             this text

Ctrl-C stops everything. A second start on the same directory finds what the first one kept.
`

const flags = {
  'data-dir': { type: 'string' },
  host: { type: 'string' },
  'http-port': { type: 'string' },
  'ssh-port': { type: 'string' },
  'log-level': { type: 'string' },
  help: { type: 'boolean' },
} as const

/**
 * Reads the command line.
 * @returns undefined if it asks for help
 * @throws UsageError
 */
export const parseOptions = (
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): StandaloneOptions | undefined => {
  const { values } = parse(args)
  if (values.help) return undefined
  return {
    dataDirectory: resolve(values['data-dir'] ?? '.data/standalone'),
    host: values.host ?? '127.0.0.1',
    httpPort: portOf('--http-port', values['http-port'] ?? '8080'),
    sshPort: portOf('--ssh-port', values['ssh-port'] ?? '2222'),
    logLevel: logLevelOf(values['log-level'] ?? 'warn'),
    ...crashPointOf(environment),
  }
}

const crashPointOf = (environment: NodeJS.ProcessEnv): { crashPoint?: CrashPoint } => {
  const place = environment['NODE_ENV'] === 'test' ? environment['SALLYPORT_CRASH_AT'] : undefined
  return place === undefined ? {} : { crashPoint: crashAt(place) }
}

const parse = (args: readonly string[]): ReturnType<typeof parseArgs<{ options: typeof flags }>> => {
  try {
    return parseArgs({ args: [...args], options: flags })
  } catch (thrown) {
    throw new UsageError(
      `${thrown instanceof Error ? thrown.message : 'The command line is wrong'}\n\n${help}`,
    )
  }
}

const portOf = (flag: string, text: string): number => {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (!(port <= 65_535)) throw new UsageError(`${flag} takes a port from 0 to 65535, not “${text}”`)
  return port
}

const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const

const logLevelOf = (text: string): StandaloneOptions['logLevel'] => {
  const level = logLevels.find(name => name === text)
  if (!level) throw new UsageError(`--log-level takes ${logLevels.join(', ')}, not “${text}”`)
  return level
}
