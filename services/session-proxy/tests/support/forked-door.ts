import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

export type ForkedDoor = AsyncDisposable & {
  readonly port: number
  /** Resident memory, in bytes, after garbage was collected. */
  memory(): Promise<number>
  /** What the process said on its way down, if it is not there any more. */
  died(): string | undefined
}

export const forkDoor = async (): Promise<ForkedDoor> => {
  const child = fork(join(import.meta.dirname, 'door-process.ts'), {
    execArgv: ['--conditions=source', '--expose-gc'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let stderr = ''
  child.stderr?.on('data', (text: Buffer) => {
    stderr += text.toString()
  })
  const exited = once(child, 'exit')
  const [{ port }] = (await once(child, 'message')) as [{ port: number }]
  return {
    port,
    memory: async () => {
      child.send('memory')
      const [{ rss }] = (await once(child, 'message')) as [{ rss: number }]
      return rss
    },
    died: () =>
      child.exitCode === null && child.signalCode === null
        ? undefined
        : `${child.exitCode ?? child.signalCode} ${stderr}`,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}
