import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findProgram } from '@sallyport/targets/find-program'
import { eventually } from '@sallyport/testing/eventually'
import { runProgram } from './ssh-program.ts'

/** A terminal with a program in it, as a person sees it. */
export type Terminal = AsyncDisposable & {
  /** Types text as it is. */
  readonly type: (text: string) => Promise<void>
  /** Presses keys by tmux's names, such as `Enter` or `C-c`. */
  readonly press: (...keys: string[]) => Promise<void>
  readonly screen: () => Promise<string>
  /** Waits until the screen shows something. */
  readonly shows: (pattern: RegExp) => Promise<string>
  readonly resize: (columns: number, rows: number) => Promise<void>
  /** Waits for the program's end. */
  readonly status: () => Promise<number>
}

/** Why there are no terminals here, or undefined. */
export const noTerminal = async (): Promise<string | undefined> =>
  (await findProgram('tmux')) ? undefined : 'needs tmux, as a terminal'

/** Runs a program in a terminal of tmux's, 100 by 30. */
export const openTerminal = async (
  program: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Terminal> => {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-tmux-'))
  const tmux = async (...args: readonly string[]): Promise<string> => {
    const ran = await runProgram(
      'tmux',
      ['-u', '-f', '/dev/null', '-S', join(directory, 'socket'), ...args],
      {
        env: { ...env, LANG: 'C.UTF-8', TERM: 'xterm-256color' },
      },
    )
    if (ran.status !== 0) throw new Error(`tmux ${args[0]}: ${ran.stderr.toString('utf8')}`)
    return ran.stdout.toString('utf8')
  }
  // tmux itself does not always hear of its program's exit status.
  const toTheEnd = ['sh', '-c', '"$@"; echo "ended with $?"; read -r _', 'sh', ...program]
  await tmux('new-session', '-d', '-x', '100', '-y', '30', ...toTheEnd)
  const screen = (): Promise<string> => tmux('capture-pane', '-p')
  return {
    type: async text => void (await tmux('send-keys', '-l', '--', text)),
    press: async (...keys) => void (await tmux('send-keys', ...keys)),
    screen,
    shows: pattern => seen(screen, pattern),
    resize: async (columns, rows) => void (await tmux('resize-window', '-x', `${columns}`, '-y', `${rows}`)),
    status: async () => Number(/^ended with (\d+)/m.exec(await seen(screen, /^ended with \d+/m))?.[1]),
    [Symbol.asyncDispose]: async () => {
      await tmux('kill-server').catch(() => {})
      await rm(directory, { recursive: true, force: true })
    },
  }
}

const seen = async (screen: () => Promise<string>, pattern: RegExp): Promise<string> => {
  let last = ''
  try {
    return await eventually(async () => {
      last = await screen()
      return pattern.test(last) && last
    }, 15_000)
  } catch (cause) {
    throw new Error(`The terminal does not show ${String(pattern)}, but:\n${last}`, { cause })
  }
}
