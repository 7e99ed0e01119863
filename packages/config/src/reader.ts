import { readFileSync } from 'node:fs'

export type Environment = Readonly<Record<string, string | undefined>>

/** Thrown by `readConfig` with every problem at once, one line each. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`The configuration is not usable:\n${problems.map(line => `  - ${line}`).join('\n')}`)
    this.problems = problems
  }
}

/** Typed readers. Each notes its problem and goes on, so that all problems are told together. */
export type Reader = {
  readonly text: (name: string, fallback?: string) => string
  /**
   * What may hold a password, such as the URL of a database: in the variable itself, or in the file that `<name>_FILE`
   * names, without the line break at its end.
   */
  readonly secretText: (name: string) => string
  readonly integer: (name: string, bounds: { min: number; max: number }, fallback?: number) => number
  readonly flag: (name: string, fallback: boolean) => boolean
  readonly oneOf: <T extends string>(name: string, values: readonly T[], fallback?: T) => T
  /** The path of a file that must be readable. */
  readonly file: (name: string, fallback?: string) => string
  /** The content of such a file. */
  readonly bytes: (name: string) => Buffer
  readonly optional: (name: string) => string | undefined
  /** Values with commas between them; none if it is not set. `what` says what each must be. */
  readonly list: (name: string, isGood: (value: string) => boolean, what: string) => readonly string[]
  /** Notes a problem between several variables. */
  readonly complain: (problem: string) => void
}

/**
 * Reads a service's configuration from environment variables and freezes it.
 * @throws ConfigError naming every variable that is missing or wrong.
 */
export const readConfig = <T extends object>(environment: Environment, read: (reader: Reader) => T): T => {
  const problems: string[] = []
  const config = read(readerOf(environment, problem => problems.push(problem)))
  if (problems.length > 0) throw new ConfigError(problems)
  return Object.freeze(config)
}

const readerOf = (environment: Environment, complain: (problem: string) => void): Reader => {
  const text = (name: string, fallback?: string): string => {
    const value = environment[name] ?? fallback
    if (value === undefined || value === '') complain(`${name} is not set`)
    return value ?? ''
  }
  const secretText = (name: string): string => {
    const path = environment[`${name}_FILE`]
    if (!path) return text(name)
    if (environment[name]) complain(`${name} and ${name}_FILE exclude each other: set one`)
    const content = readBytes(`${name}_FILE`, path, complain)
      .toString()
      .replace(/\r?\n$/, '')
    if (content === '') complain(`${name}_FILE names an empty file: ${path}`)
    return content
  }
  return {
    text,
    secretText,
    complain,
    optional: name => environment[name] || undefined,
    list: (name, isGood, what) => {
      const values = (environment[name] ?? '').split(',').map(value => value.trim())
      const given = values.filter(value => value !== '')
      if (!given.every(isGood)) complain(`${name} must be a list of ${what}, with commas between them`)
      return given
    },
    integer: (name, { min, max }, fallback) => {
      const raw = text(name, fallback?.toString())
      const value = /^-?\d{1,15}$/.test(raw) ? Number(raw) : Number.NaN
      if (raw !== '' && !(value >= min && value <= max)) {
        complain(`${name} must be a whole number from ${min} to ${max}`)
      }
      return value
    },
    flag: (name, fallback) => {
      const raw = text(name, String(fallback))
      if (raw !== 'true' && raw !== 'false') complain(`${name} must be true or false`)
      return raw === 'true'
    },
    oneOf: <T extends string>(name: string, values: readonly T[], fallback?: T): T => {
      const raw = text(name, fallback)
      const found = values.find(value => value === raw)
      if (raw !== '' && found === undefined) complain(`${name} must be one of ${values.join(', ')}`)
      return found ?? (raw as T)
    },
    file: (name, fallback) => {
      const path = text(name, fallback)
      if (path !== '') readBytes(name, path, complain)
      return path
    },
    bytes: name => {
      const path = text(name)
      return path === '' ? Buffer.alloc(0) : readBytes(name, path, complain)
    },
  }
}

const readBytes = (name: string, path: string, complain: (problem: string) => void): Buffer => {
  try {
    return readFileSync(path)
  } catch {
    complain(`${name} names a file that cannot be read: ${path}`)
    return Buffer.alloc(0)
  }
}
