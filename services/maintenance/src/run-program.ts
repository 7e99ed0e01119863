import { ConfigError } from '@sallyport/config/reader'
import { BackupError } from './backup/backup-error.ts'

/** What a program prints for people goes to the second output, so that the first has only its result. */
export const progressLine = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

/**
 * Runs an operator’s program. Exit status: what `work` gives; 1 if it failed; 2 for a wrong command line; 78 for a
 * configuration that is not usable.
 */
export const runProgram = async (help: string, work: () => Promise<number>): Promise<void> => {
  try {
    process.exitCode = await work()
  } catch (error) {
    const status = statusOf(error)
    process.exitCode = status
    process.stderr.write(`${sayOf(error)}\n`)
    if (status === 2) process.stderr.write(`\n${help}`)
  }
}

const statusOf = (error: unknown): number => {
  if (error instanceof ConfigError) return 78
  return isWrongCall(error) ? 2 : 1
}

const isWrongCall = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')

/** Errors that say what to do. Those of other programs are known by their name. */
const isFailure = (error: unknown): boolean =>
  error instanceof BackupError ||
  error instanceof ConfigError ||
  (error instanceof Error && error.name === 'UsageError')

const sayOf = (error: unknown): string => {
  const isExpected = isFailure(error) || isWrongCall(error)
  if (isExpected && error instanceof Error) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : 'It failed'
}
