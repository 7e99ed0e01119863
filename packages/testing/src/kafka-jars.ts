import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const cache = join(import.meta.dirname, '../../../node_modules/.cache')
const pom = join(import.meta.dirname, '../kafka/pom.xml')

const version = (): string => /<version>(4[\d.]+)</.exec(readFileSync(pom, 'utf8'))?.[1] ?? ''

/** Where the broker's jars are once they were fetched. */
export const kafkaJars = (): string => join(cache, `kafka-${version()}`)

const runs = (program: string): boolean => {
  try {
    execFileSync(program, ['-version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Why there is no broker to test with; nothing if there is one. */
export const missingKafka = (): string | undefined => {
  if (!runs('java')) return 'needs Apache Kafka, and that Java 17 or newer (Debian: default-jre-headless)'
  if (!existsSync(kafkaJars()))
    return 'needs Apache Kafka, fetched by npx pnpm@12 test with Maven (Debian: maven)'
  return undefined
}

const patienceMs = 300_000

/** Fetches Apache Kafka from Maven Central unless it is here already. Gives why that was not possible. */
export const fetchKafka = (): string | undefined => {
  if (existsSync(kafkaJars())) return undefined
  if (!runs('mvn')) return 'Maven is missing (Debian: maven)'
  mkdirSync(cache, { recursive: true })
  const directory = mkdtempSync(join(cache, 'kafka-'))
  try {
    const goal = ['dependency:copy-dependencies', `-DoutputDirectory=${directory}`]
    execFileSync('mvn', ['--quiet', '--batch-mode', '--file', pom, ...goal], {
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: patienceMs,
    })
    // At once, so that what was cut off in the middle is never taken for the whole.
    renameSync(directory, kafkaJars())
    return undefined
  } catch (error) {
    rmSync(directory, { recursive: true, force: true })
    return error instanceof Error ? error.message : 'Maven failed'
  }
}
