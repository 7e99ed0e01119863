import { maskerFor } from '../domain/masking/masker.ts'
import type { Capture } from './executor.ts'

export type LogCapture = Capture & {
  /** Must be told before there is any output. */
  hide(secrets: readonly Uint8Array[]): void
  /** Everything until now, masked. */
  lines(): string[]
}

const mostLines = 500
const mostLineCharacters = 1000

/** Keeps an attempt's log in memory. What it keeps has been masked; the secrets themselves it forgets with itself. */
export const logCapture = (): LogCapture => {
  let hidden: readonly Uint8Array[] | undefined
  const kept: string[] = []
  let dropped = 0
  const keep = (line: string) => {
    if (kept.length < mostLines) kept.push(line.slice(0, mostLineCharacters))
    else dropped += 1
  }
  return {
    hide(secrets) {
      hidden = secrets
    },
    note: line => keep(`> ${line}`),
    output() {
      // INVARIANT: nothing is kept before it is known what must be hidden.
      if (hidden === undefined) throw new Error('the secrets to hide are not known yet')
      const masker = maskerFor(hidden)
      const decoder = new TextDecoder()
      let partial = ''
      const take = (text: string) => {
        const lines = (partial + text).split(/\r*\n/)
        // A program that prints no new line must not fill the memory.
        partial = (lines.pop() ?? '').slice(0, mostLineCharacters)
        for (const line of lines) keep(`< ${printable(line)}`)
      }
      return {
        write: bytes => take(decoder.decode(masker.feed(bytes), { stream: true })),
        end: () => {
          take(decoder.decode(masker.end()))
          if (partial !== '') keep(`< ${printable(partial)}`)
          partial = ''
        },
      }
    },
    lines: () => (dropped === 0 ? [...kept] : [...kept, `> ${dropped} more lines are not kept`]),
  }
}

/** What a target prints must not draw on the screen of whoever reads the log. */
const printable = (line: string): string => line.replaceAll(/\p{Cc}/gu, '\ufffd')
