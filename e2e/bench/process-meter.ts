import { readFileSync } from 'node:fs'
import { memoryOf, processTree } from '../support/process-tree.ts'

/** What some processes, with everything that they start, use from now on. */
export type ProcessMeter = Disposable & {
  /** Of processors, in seconds; children that have ended are counted once their parent has waited for them. */
  readonly cpuSeconds: () => number
  /** The most that was seen, in megabytes; what processes have in common is counted once. */
  readonly peakMegabytes: () => number
}

const SAMPLE_MILLISECONDS = 500
const TICKS_A_SECOND = 100

/** @param roots the processes at the top; none makes a meter that shows zero */
export const meterProcesses = (roots: readonly number[]): ProcessMeter => {
  const before = cpuSecondsOf(roots)
  let peak = 0
  const sample = (): void => {
    peak = Math.max(peak, residentBytesOf(roots))
  }
  sample()
  const timer = setInterval(sample, SAMPLE_MILLISECONDS)
  return {
    cpuSeconds: () => cpuSecondsOf(roots) - before,
    peakMegabytes: () => {
      sample()
      return peak / 1e6
    },
    [Symbol.dispose]: () => clearInterval(timer),
  }
}

/** Processor seconds that processes have used since they began, their children included, dead or alive. */
export const cpuSecondsOf = (roots: readonly number[]): number =>
  sum(membersOf(roots).map(pid => sum(timesOf(pid)) / TICKS_A_SECOND))

const residentBytesOf = (roots: readonly number[]): number => sum(membersOf(roots).map(memoryOf))

const membersOf = (roots: readonly number[]): number[] => [...new Set(roots.flatMap(pid => processTree(pid)))]

/** User and system time of a process, and of its children that it has waited for (proc(5), fields 14 to 17). */
const timesOf = (pid: number): number[] => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 15)
      .map(Number)
  } catch {
    return []
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0)
