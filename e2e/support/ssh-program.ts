import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { collect } from '@sallyport/targets/ssh-client'

/** What a program gave. */
export type Ran = { readonly stdout: Buffer; readonly stderr: Buffer; readonly status: number }

/** Runs a program to its end, with its input given. */
export const runProgram = (
  program: string,
  args: readonly string[],
  { input = '', env = {} }: { input?: string | Buffer; env?: NodeJS.ProcessEnv } = {},
): Promise<Ran> => {
  const child = spawn(program, args, { stdio: 'pipe', env: { ...process.env, ...env } })
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  return ranBy(child)
}

/** What a running program gives in the end. */
export const ranBy = async (child: ChildProcessWithoutNullStreams): Promise<Ran> => {
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)]
  const [code] = await once(child, 'close')
  return { stdout: stdout(), stderr: stderr(), status: typeof code === 'number' ? code : 255 }
}
