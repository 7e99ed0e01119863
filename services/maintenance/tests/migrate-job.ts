import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { roleName } from '@sallyport/database/roles'
import { schemaNames } from '../src/schemas.ts'

export type Environment = Readonly<Record<string, string>>

export type Outcome = {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the migrations as a process of their own, as the chart’s job does. */
export const runMigrations = async (environment: Environment): Promise<Outcome> => {
  const program = join(import.meta.dirname, '../src/migrate-main.ts')
  const child = spawn(process.execPath, ['--conditions=source', program], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  return { status, stdout, stderr }
}

const kinds = { owner: 'OWNER_', app: '', worker: 'WORKER_' } as const
export type Kind = keyof typeof kinds

/** The URL of each schema’s roles in a database, as an operator writes them. */
export const roleUrls = (
  adminUrl: string,
  of: readonly Kind[],
  passwordOf: (role: string) => string,
): Environment =>
  Object.fromEntries(
    schemaNames.flatMap(schema =>
      of.map(kind => {
        const url = new URL(adminUrl)
        url.username = roleName(schema, kind)
        url.password = encodeURIComponent(passwordOf(url.username))
        return [`SALLYPORT_${schema.toUpperCase()}_${kinds[kind]}DATABASE_URL`, url.href]
      }),
    ),
  )
