import { type ChildProcessWithoutNullStreams, execFile } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
import { eventually } from '@sallyport/testing/eventually'
import type { SshMaster } from './ssh-master.ts'

/** A command that never stops talking, watched. */
export type Talker = {
  readonly spoken: () => number
  readonly lastByteAt: () => number
  readonly endedAt: Promise<number>
  readonly words: () => string
  readonly child: ChildProcessWithoutNullStreams
}

const talker = (master: SshMaster): Talker => {
  // Without a process for each pause: fifty of these share the machine with what is measured.
  const child = master.start('while echo tick; do read -r -t 0.2; done')
  let [spoken, last, words] = [0, 0, '']
  const hear = (chunk: Buffer): void => {
    spoken += chunk.length
    last = performance.now()
  }
  child.stdout.on('data', hear)
  child.stderr.on('data', (chunk: Buffer) => {
    words += chunk.toString('utf8')
  })
  const endedAt = once(child, 'close').then(() => performance.now())
  return { spoken: () => spoken, lastByteAt: () => last, endedAt, words: () => words, child }
}

/** Fifty live sessions, ten for each of five people, all talking. */
export const fiftyTalkers = async (
  visitors: readonly { readonly master: SshMaster }[],
  each = 10,
): Promise<Talker[]> => {
  const talkers = visitors.flatMap(visitor => Array.from({ length: each }, () => talker(visitor.master)))
  await eventually(() => talkers.every(({ spoken }) => spoken() > 0), 40_000).catch(cause => {
    throw new Error(`Not all talk: ${[...new Set(talkers.map(({ words }) => words()))].join('')}`, { cause })
  })
  return talkers
}

/** What still runs in the account on the target. */
export const processesOf = async (username: string): Promise<number> => {
  const { stdout } = await promisify(execFile)('ps', ['-u', username, '-o', 'args=']).catch(() => ({
    stdout: '',
  }))
  return stdout.split('\n').filter(line => line.includes('tick')).length
}

/** Reads a stream to its end, however that comes. */
export const untilEnd = async (reply: Response): Promise<void> => {
  try {
    await reply.arrayBuffer()
  } catch {
    // The connection was cut, which is how a reader learns that there is no more.
  }
}

/** A share of values from the smallest on, in whole numbers: 0.5 for the median. */
export const percentile = (values: readonly number[], share: number): string => {
  const sorted = values.toSorted((one, other) => one - other)
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(0)
}
