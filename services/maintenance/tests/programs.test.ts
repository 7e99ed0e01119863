import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { emptyDatabase, type Installation, openInstallation, temporaryDirectory } from './installation.ts'

const stack = new AsyncDisposableStack()
let installation: Installation
let store: string
let directory: string

beforeAll(async () => {
  installation = stack.use(await openInstallation())
  store = await temporaryDirectory(stack)
  directory = await temporaryDirectory(stack)
  await installation.backUp(store)
})
afterAll(() => stack.disposeAsync())

type Run = { readonly status: unknown; readonly out: string; readonly err: string }

const run = async (name: string, args: readonly string[], env: Record<string, string> = {}): Promise<Run> => {
  const path = join(import.meta.dirname, '../src', `${name}-main.ts`)
  const child = spawn(process.execPath, ['--conditions=source', path, ...args], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [out, err, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  return { status, out, err }
}

describe('The program that restores', () => {
  it('restores from its environment, with the database’s URL in a file, and prints the result as JSON', async () => {
    await using own = new AsyncDisposableStack()
    const database = await emptyDatabase(own, { withSchemas: false })
    const url = join(directory, 'url')
    await writeFile(url, `${database.adminUrl}\n`, { mode: 0o600 })
    const done = await run('restore', ['--json'], {
      SALLYPORT_BACKUP_DESTINATION: store,
      SALLYPORT_BACKUP_RECOVERY_KEY_FILE: join(installation.directory, 'recovery'),
      SALLYPORT_RESTORE_DATABASE_URL_FILE: url,
      SALLYPORT_VAULT_ROOT_KEY_FILE: join(directory, 'vault/root.json'),
      SALLYPORT_RECORDING_DIRECTORY: join(directory, 'recordings'),
    })
    expect(done, done.err).toMatchObject({ status: 0 })
    expect(JSON.parse(done.out)).toMatchObject({ recordings: 1 })
    expect(await readFile(join(directory, 'vault/root.json'))).toEqual(
      await readFile(installation.keyFiles['vault-root']),
    )
    const [found] = await database.query('select count(*)::int as devices from vault.devices')
    expect(found).toEqual({ devices: 1 })
  })
})

describe.each(['backup', 'restore', 'prove-backup'])('%s', name => {
  it('complains of its whole environment at once, and of a command line that it does not know', async () => {
    const [help, unset, unknown] = await Promise.all([
      run(name, ['--help']),
      run(name, []),
      run(name, ['--nonsense']),
    ])
    expect(help).toMatchObject({ status: 0, out: expect.stringContaining('Exit status') })
    expect(unset).toMatchObject({ status: 78, err: expect.stringContaining('SALLYPORT_BACKUP_DESTINATION') })
    expect(unknown).toMatchObject({ status: 2, err: expect.stringContaining('Usage:') })
  })
})
