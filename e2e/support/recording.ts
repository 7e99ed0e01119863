import { expect } from 'vitest'
import type { Api } from '@sallyport/api-client/api'

type Verification = { intact: boolean; complete: boolean; segments: number }

/** A session's recording: the text of its output in order, and the text of what the proxy said. */
export const replay = async (api: Api, sessionId: string): Promise<{ output: string; marks: string }> => {
  const response = await api.fetch('GET', `/sessions/${sessionId}/recording.cast`)
  const events = (await response.text()).trim().split('\n').slice(1).map(eventOf)
  const textOf = (kind: string): string =>
    events.flatMap(event => (event.kind === kind ? [event.text] : [])).join('')
  return { output: textOf('o'), marks: textOf('m') }
}

const eventOf = (line: string): { kind: string; text: string } => {
  const [, kind, text]: unknown[] = JSON.parse(line)
  return { kind: String(kind), text: String(text) }
}

/** A recording that is whole, with every seal as it was. */
export const expectSound = async (api: Api, sessionId: string): Promise<void> => {
  const found = await api.post<Verification>(`/sessions/${sessionId}/recording/verify`)
  expect(found).toMatchObject({ intact: true, complete: true })
  expect(found.segments).toBeGreaterThan(0)
}
