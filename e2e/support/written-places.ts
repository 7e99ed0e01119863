import { readdir, readFile, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectApi } from '@sallyport/api-client/api'
import { eventually } from '@sallyport/testing/eventually'
import { postgresOf } from './installation.ts'
import type { StandaloneProcess } from './standalone-process.ts'
import { connectSuperuserAt, tablesOf } from './superuser.ts'

/** A place that the platform writes to, by name, with what stands there. */
type Written = [place: string, content: Buffer]

/** What everybody on the machine may read of the platform's processes. */
export const processesOf = async ({ processIds }: StandaloneProcess): Promise<Written[]> => {
  const places = (await processIds()).flatMap(pid =>
    ['environ', 'cmdline', 'comm', 'maps', 'status', 'wchan', 'mountinfo', 'limits'].map(
      name => `/proc/${pid}/${name}`,
    ),
  )
  const written = await Promise.all(
    places.map(
      async (place): Promise<Written> => [place, await readFile(place).catch(() => Buffer.alloc(0))],
    ),
  )
  // Of a process that has ended since it was listed, nothing can be read.
  const readable = written.filter(([, content]) => content.length > 0)
  if (readable.length === 0) throw new Error('there is no process to look at')
  return readable
}

/** What was left in the machine's temporary directory since a moment, in milliseconds. */
export const temporaryFiles = async (startedAt: number): Promise<Written[]> => {
  const found: Written[] = []
  for (const name of await readdir(tmpdir())) {
    const path = join(tmpdir(), name)
    const status = await stat(path).catch(() => undefined)
    if (!status?.isFile() || status.mtimeMs < startedAt || status.size > 2 ** 24) continue
    found.push([`${tmpdir()}/*`, await readFile(path).catch(() => Buffer.alloc(0))])
  }
  return found
}

/** Values and not their text, so that what is compressed in the files or encoded in columns is seen as it is. */
export const lookThroughDatabase = async (
  directory: string,
  look: (place: string, content: Buffer | string) => void,
): Promise<number> => {
  const { port } = await postgresOf({ path: directory })
  const password = await readFile(join(directory, 'postgres/superuser-password'), 'utf8')
  await using db = await connectSuperuserAt(`postgresql://postgres:${password}@127.0.0.1:${port}/sallyport`)
  let count = 0
  for (const { sql } of await tablesOf(db)) {
    for (const row of await db.query(`select * from ${sql}`)) {
      count += 1
      for (const [column, value] of Object.entries(row)) {
        if (value !== null) look(`${sql}.${column}`, Buffer.isBuffer(value) ? value : JSON.stringify(value))
      }
    }
  }
  return count
}

/** The cluster with its write-ahead log, PostgreSQL’s log, recordings, checkpoints, keys: all there is. */
export const lookThroughFiles = async (
  directory: string,
  look: (place: string, content: Buffer) => void,
): Promise<number> => {
  let total = 0
  for (const name of await readdir(directory, { recursive: true })) {
    const path = join(directory, name)
    if (!(await stat(path)).isFile()) continue
    const content = await readFile(path)
    total += content.length
    look(name, content)
  }
  return total
}

/** Heap and state of the process, written beside everything else that is looked through. */
export const dumpMemory = async (
  directory: string,
  { processIds, apiUrl }: StandaloneProcess,
): Promise<void> => {
  const [pid] = await processIds()
  if (pid === undefined) throw new Error('it has gone')
  process.kill(pid, 'SIGUSR2')
  process.kill(pid, 'SIGPIPE')
  await eventually(async () => {
    const names = await readdir(directory)
    return (
      names.some(name => name.endsWith('.heapsnapshot')) && names.some(name => name.startsWith('report.'))
    )
  }, 60_000)
  // Whole once the process answers again.
  await connectApi(apiUrl).get('/openapi.json')
}
