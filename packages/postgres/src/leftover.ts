import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

const patienceMs = 20_000

/**
 * Stops a server that an earlier process left running on this data directory, if there is one.
 * @throws Error if it does not end
 */
export const stopLeftover = async (dataDirectory: string): Promise<void> => {
  const pid = await postmasterPid(dataDirectory)
  if (pid === undefined) return
  if (!(await isPostgres(pid))) return rm(join(dataDirectory, 'postmaster.pid'), { force: true })
  process.kill(pid, 'SIGINT')
  for (const deadline = performance.now() + patienceMs; performance.now() < deadline; await setTimeout(50)) {
    if (!isAlive(pid)) return
  }
  throw new Error(
    `A PostgreSQL left over from an earlier run (process ${pid}) does not stop; end it and try again`,
  )
}

/** The process id in postmaster.pid, or undefined if no server says that it runs here. */
export const postmasterPid = async (dataDirectory: string): Promise<number | undefined> => {
  const text = await readFile(join(dataDirectory, 'postmaster.pid'), 'utf8').catch(() => '')
  const pid = Number.parseInt(text, 10)
  return pid > 1 ? pid : undefined
}

/** A process id may have been given to another program since; that one is none of our business. */
const isPostgres = async (pid: number): Promise<boolean> => {
  if (!isAlive(pid)) return false
  if (process.platform !== 'linux') return true
  return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).includes('postgres')
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
