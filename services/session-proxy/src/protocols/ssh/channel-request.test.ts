import { EventEmitter } from 'node:events'
import type { ServerChannel, Session } from 'ssh2'
import { expect, test } from 'vitest'
import { type ChannelRequest, collectRequests, type Size } from './channel-request.ts'

const startShell = (): { session: EventEmitter; request: ChannelRequest } => {
  const session = new EventEmitter()
  const requests: ChannelRequest[] = []
  collectRequests(session as unknown as Session, {
    onRequest: request => requests.push(request),
    onRefused: () => undefined,
  })
  session.emit('pty', undefined, undefined, { term: 'xterm', cols: 80, rows: 24, width: 0, height: 0 })
  session.emit('shell', () => new EventEmitter() as unknown as ServerChannel)
  const [request] = requests
  if (request === undefined) throw new Error('there is one')
  return { session, request }
}

const resize = (session: EventEmitter, cols: number): boolean =>
  session.emit('window-change', undefined, undefined, { cols, rows: 24, width: 0, height: 0 })

const listen = (request: ChannelRequest): number[] => {
  const heard: number[] = []
  request.onResize((size: Size) => heard.push(size.cols))
  return heard
}

test('a window that changes while its session is still being opened is not forgotten', () => {
  const { session, request } = startShell()
  resize(session, 100)
  resize(session, 120)
  const heard = listen(request)
  resize(session, 140)
  expect(heard).toEqual([120, 140])
})

test('a window that did not change is not told', () => {
  expect(listen(startShell().request)).toEqual([])
})
