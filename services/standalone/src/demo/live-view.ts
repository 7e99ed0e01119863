import type { Api } from '@sallyport/api-client/api'

/** Somebody watching a live session. Disposing it stops watching. */
export type LiveView = AsyncDisposable & {
  /** Everything that was shown, as text. */
  readonly shown: () => string
}

/** Watches a live session through server-sent events, each with one line of asciicast v3. */
export const watchLive = async (api: Api, sessionId: string): Promise<LiveView> => {
  const stop = new AbortController()
  const response = await api.fetch('GET', `/sessions/${sessionId}/live`, { signal: stop.signal })
  let shown = ''
  const reading = readEvents(response, line => {
    shown += outputOf(line)
  }).catch(() => {})
  return {
    shown: () => shown,
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await reading
    },
  }
}

const readEvents = async (response: Response, onLine: (line: string) => void): Promise<void> => {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of response.body ?? []) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n\n')
    rest = parts.pop() ?? ''
    for (const part of parts) {
      if (part.startsWith('data: ')) onLine(part.slice('data: '.length))
    }
  }
}

/** The text of an output event, or nothing for the header and other events. */
export const outputOf = (line: string): string => {
  const event: unknown = JSON.parse(line)
  return Array.isArray(event) && event[1] === 'o' && typeof event[2] === 'string' ? event[2] : ''
}
