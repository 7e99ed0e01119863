import { newSshKey } from '@sallyport/targets/new-ssh-key'
import { type Program, startProgram } from '../../support/program.ts'
import type { BenchTarget } from './target.ts'

/** An SSH server of ssh2's in a process of its own. */
export type SmallServer = AsyncDisposable & {
  readonly program: Program
  readonly port: number
  /** In SSH wire format. */
  readonly hostKey: Buffer
}

export const startNaiveProxy = ({ port, username, privateKey }: BenchTarget): Promise<SmallServer> =>
  startSmallServer('naive-proxy.ts', [String(port), username, privateKey])

/** A target that gives back what is typed. */
export const startSink = async (): Promise<SmallServer & BenchTarget> => ({
  ...(await startSmallServer('sink.ts', [])),
  username: 'sink',
  privateKey: newSshKey().private,
})

const startSmallServer = async (name: string, args: readonly string[]): Promise<SmallServer> => {
  const program = startProgram(`e2e/bench/sessions/${name}`, args)
  const [, listening, hostKey = ''] = await program.shows(/listens (\d+) (\S+)/)
  return {
    program,
    port: Number(listening),
    hostKey: Buffer.from(hostKey, 'base64'),
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  }
}
