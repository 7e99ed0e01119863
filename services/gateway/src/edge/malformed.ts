import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import { SallyportError } from '@sallyport/errors/error'
import { problemOf } from './problem.ts'

/** What is no request at all has no route, and so no hook: HTTP's own parser refuses it. */
const statusLines: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
}

/** Answers what is not HTTP (RFC 9112) with a problem like every other error, and closes the connection. */
export const answerMalformed = (failure: NodeJS.ErrnoException, socket: Socket): void => {
  if (failure.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const statusLine = statusLines[failure.code ?? ''] ?? '400 Bad Request'
  const requestId = randomUUID()
  const problem = problemOf(new SallyportError('request.invalid', 'This is not HTTP'), requestId)
  const body = JSON.stringify({ ...problem, status: Number.parseInt(statusLine, 10) })
  const head = [
    `HTTP/1.1 ${statusLine}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'cache-control: no-store',
    'x-content-type-options: nosniff',
    `x-request-id: ${requestId}`,
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}
