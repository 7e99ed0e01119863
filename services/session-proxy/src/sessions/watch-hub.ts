import { SallyportError } from '@sallyport/errors/error'
import type { Recorder } from '../recording/recorder.ts'

/** Shows a live session to any number of watchers, none of whom it waits for. */
export type WatchHub = {
  /**
   * Lines of asciicast: the header, what is on the screen now, then what happens, until the session ends.
   * Throws `request.too_many` at a watcher who does not keep up.
   */
  watch(signal: AbortSignal): AsyncIterable<string>
}

/** Enough to draw the screen of a full-screen program again. */
const KEPT_CHARACTERS = 64 * 1024
const MAX_WAITING_CHARACTERS = 1024 * 1024

type Watcher = { readonly take: (lines: string) => void }

export const watchHub = (recorder: Pick<Recorder, 'header' | 'onLines'>, ending: AbortSignal): WatchHub => {
  const watchers = new Set<Watcher>()
  const kept: string[] = []
  let keptCharacters = 0
  let lastResize = ''
  recorder.onLines(lines => {
    // Text in a line has its quotes escaped.
    if (lines.includes(',"r","'))
      lastResize = lines.split('\n').findLast(line => /^\[[\d.]+,"r"/.test(line)) ?? lastResize
    kept.push(lines)
    keptCharacters += lines.length
    while (keptCharacters > KEPT_CHARACTERS && kept.length > 1) keptCharacters -= kept.shift()?.length ?? 0
    for (const watcher of watchers) watcher.take(lines)
  })
  return {
    watch: async function* (signal) {
      const queue = lineQueue(AbortSignal.any([signal, ending]))
      const watcher: Watcher = { take: queue.put }
      queue.put(recorder.header)
      if (lastResize !== '') queue.put(`${lastResize}\n`)
      for (const lines of kept) queue.put(lines)
      watchers.add(watcher)
      try {
        yield* queue.lines()
      } finally {
        watchers.delete(watcher)
      }
    },
  }
}

const lineQueue = (over: AbortSignal) => {
  let waiting: string[] = []
  let waitingCharacters = 0
  let wake = Promise.withResolvers<void>()
  over.addEventListener('abort', () => wake.resolve())
  return {
    put: (lines: string): void => {
      waitingCharacters += lines.length
      if (waitingCharacters <= MAX_WAITING_CHARACTERS) waiting.push(lines)
      wake.resolve()
    },
    lines: async function* (): AsyncGenerator<string, void, undefined> {
      for (;;) {
        if (waiting.length === 0 && !over.aborted) await wake.promise
        wake = Promise.withResolvers()
        if (waitingCharacters > MAX_WAITING_CHARACTERS) {
          throw new SallyportError('request.too_many', 'This watcher did not keep up with the session')
        }
        const taken = waiting.join('').split('\n')
        waiting = []
        waitingCharacters = 0
        for (const line of taken) if (line !== '') yield line
        if (over.aborted && waiting.length === 0) return
      }
    },
  }
}
