import type { SshRun } from '@sallyport/targets/ssh-client'
import { eventually } from '@sallyport/testing/eventually'

/** Everything that a client has shown. */
export const shownBy = (run: Pick<SshRun, 'stdout' | 'stderr'>): string =>
  Buffer.concat([run.stdout(), run.stderr()]).toString('utf8')

/** Waits until a client shows a text. */
export const shows = async (run: SshRun, text: string, timeoutMs?: number): Promise<void> => {
  try {
    await eventually(() => shownBy(run).includes(text), timeoutMs)
  } catch (cause) {
    throw new Error(`The client does not show “${text}”, but:\n${shownBy(run)}`, { cause })
  }
}
