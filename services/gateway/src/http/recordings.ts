import { z } from 'zod'
import type { Upstreams } from '../clients/upstreams.ts'
import { endpoint, streamEndpoint } from '../edge/endpoint.ts'
import type { Endpoints } from './endpoint-table.ts'
import { byId, textReply } from './fields.ts'
import { textOf } from './wire.ts'

const verification = z
  .object({
    intact: z.boolean(),
    complete: z.boolean().describe('False while the session is live, or if its proxy died'),
    segments: z.int(),
    badSegment: z.int().nullable().describe('The first bad one, counted from 0'),
    problem: textReply,
  })
  .meta({ id: 'RecordingVerification' })

/** What happened in a session: live, recorded, and proved. */
export const recordingEndpoints = ({
  sessions,
}: Pick<Upstreams, 'sessions'>): Endpoints<'watchSession' | 'downloadRecording' | 'verifyRecording'> => ({
  watchSession: streamEndpoint({
    summary: 'Shows a live session as server-sent events, each with one line of asciicast v3',
    input: { params: byId },
    contentType: 'text/event-stream',
    handle: async function* ({ params }, { streamFrom }) {
      for await (const { line } of sessions.watchSession(params, streamFrom('session-proxy'))) {
        yield eventOf(line)
      }
    },
  }),
  downloadRecording: streamEndpoint({
    summary: 'Gives a session’s recording as asciicast v3',
    input: { params: byId },
    contentType: 'application/x-asciicast',
    handle: async function* ({ params }, { streamFrom }) {
      const request = { sessionId: params.id }
      for await (const { chunk } of sessions.downloadRecording(request, streamFrom('session-proxy')))
        yield chunk
    },
  }),
  verifyRecording: endpoint({
    summary: 'Checks the seal and the chain of every segment of a recording',
    input: { params: byId },
    reply: verification,
    handle: async ({ params }, { to }) => {
      const found = await sessions.verifyRecording({ sessionId: params.id }, to('session-proxy'))
      return { ...found, badSegment: found.badSegment ?? null, problem: textOf(found.problem) }
    },
  }),
})

/** One server-sent event (WHATWG HTML, section 9.2). A line feed inside would start another field. */
const eventOf = (line: string): string => `data: ${line.replaceAll(/[\r\n]/g, ' ')}\n\n`
