import { parseArgs } from 'node:util'
import { ConfigError, type Environment, readConfig } from '@sallyport/config/reader'
import { openPool, type Pool } from '@sallyport/database/pool'
import { isUuid } from '@sallyport/database/uuid-v7'
import { type DeadLetter, listDeadLetters, orderReplay } from './dead-letters.ts'

export const deadLettersHelp = `Usage: dead-letters list [--json]
       dead-letters replay EVENT-ID...
       dead-letters replay --all

Shows the events that this service could not apply, with the cause, and lets the running service try them again. What is
applied is gone from the list; what fails again stays, with the new cause. What an event says is never shown.

  --json    one JSON object a line
  --help    this text
`

type Streams = { readonly out: (text: string) => void; readonly err: (text: string) => void }

const shown = 1_000

const options = {
  json: { type: 'boolean' },
  all: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

/**
 * The operator's program of a service that applies events.
 * @param urlVariable names the variable with the URL of the database, as the service's worker role
 * @returns the exit status: 1 if an event is not there, 2 for a wrong call, 78 without the variable
 */
export const runDeadLetters = async (
  args: readonly string[],
  { environment, urlVariable, out, err }: Streams & { environment: Environment; urlVariable: string },
): Promise<number> => {
  const parsed = parse(args)
  if (!parsed || parsed.values.help) {
    ;(parsed ? out : err)(deadLettersHelp)
    return parsed ? 0 : 2
  }
  const url = readUrl(environment, urlVariable, err)
  if (url === undefined) return 78
  await using pool = openPool({ url, applicationName: 'dead letters', onError: () => {} })
  const { values, command, ids } = parsed
  if (command === 'list') return list(pool, out, values.json === true)
  return replay(pool, { out, err }, values.all ? undefined : ids)
}

const readUrl = (environment: Environment, variable: string, err: Streams['err']): string | undefined => {
  try {
    return readConfig(environment, reader => ({ url: reader.secretText(variable) })).url
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    err(`${error.message}\n`)
    return undefined
  }
}

const parse = (args: readonly string[]) => {
  try {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options })
    const [command, ...ids] = positionals
    const isList = command === 'list' && ids.length === 0 && !values.all
    const isReplay =
      command === 'replay' && (values.all ? ids.length === 0 : ids.length > 0) && ids.every(isUuid)
    return isList || isReplay || values.help ? { values, command, ids } : undefined
  } catch {
    return undefined
  }
}

const list = async (pool: Pool, out: Streams['out'], isJson: boolean): Promise<number> => {
  const letters = await listDeadLetters(pool, shown)
  if (isJson) for (const letter of letters) out(`${JSON.stringify(letter)}\n`)
  else out(letters.length === 0 ? 'There are no dead letters.\n' : letters.map(paragraph).join('\n'))
  if (!isJson && letters.length === shown) out(`\nThese are the oldest ${shown}.\n`)
  return 0
}

const paragraph = (letter: DeadLetter): string => {
  const { eventId, type, topic, tenantId, failedAt, cause, replays, isDue } = letter
  const again = replays > 0 ? `, tried again ${replays} times` : ''
  return `${eventId}  ${type} of ${topic}, tenant ${tenantId}
  failed ${failedAt.toISOString()}${again}${isDue ? ', about to be tried again' : ''}
  ${oneLine(cause)}
`
}

/** Whatever a cause quotes, it does not reach the terminal as more than text. */
const oneLine = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')

const replay = async (
  pool: Pool,
  { out, err }: Streams,
  ids: readonly string[] | undefined,
): Promise<number> => {
  const found = await orderReplay(pool, ids)
  const absent = (ids ?? []).filter(id => !found.includes(id))
  for (const id of absent) err(`There is no dead letter ${id}.\n`)
  const what = found.length === 1 ? '1 event is' : `${found.length} events are`
  out(`${what} tried again within seconds, by the running service.\n`)
  return absent.length > 0 ? 1 : 0
}
