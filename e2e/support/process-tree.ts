import { readdirSync, readFileSync } from 'node:fs'

/** A process and everything that it has started, by what Linux says now. */
export const processTree = (root: number): readonly number[] => {
  const parents = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(name => ({ pid: Number(name), parent: parentOf(Number(name)) }))
  const tree = [root]
  // The list grows while it is walked.
  for (const pid of tree) tree.push(...parents.filter(({ parent }) => parent === pid).map(child => child.pid))
  return tree.filter(isRunning)
}

/** False for one that has ended, even if nobody has asked for its exit status yet. */
export const isRunning = (pid: number): boolean => !['', 'Z', 'X'].includes(statOf(pid)[0] ?? '')

const parentOf = (pid: number): number | undefined => {
  const parent = statOf(pid)[1]
  return parent === undefined ? undefined : Number(parent)
}

/** State, parent and so on: what follows the program's name, which may contain anything. */
const statOf = (pid: number): string[] => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return []
  }
}

/** Bytes of memory that a process takes, its share of what it has in common with others included. */
export const memoryOf = (pid: number): number => {
  try {
    const kibibytes = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]
    return Number(kibibytes ?? 0) * 1024
  } catch {
    return 0
  }
}

/** Processor seconds that a process has used. */
export const processorSecondsOf = (pid: number): number => {
  const [user = 0, system = 0] = statOf(pid).slice(11, 13).map(Number)
  return (user + system) / 100
}
