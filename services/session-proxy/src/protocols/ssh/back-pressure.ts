import type { Socket } from 'node:net'

/** SSH's own windows are the peer's word: it may announce a giant one and read nothing. This much may wait for it. */
const MAX_WAITING_BYTES = 256 * 1024
/** Answers to requests come besides that, and are in no window. Nothing more is asked by whoever does not read them. */
const MAX_ANSWERED_BYTES = 1024 * 1024

/** Whether nothing more should be sent for now. Never of a socket that has gone. */
export const isFull = (socket: Socket): boolean =>
  socket.writableNeedDrain && socket.writableLength >= MAX_WAITING_BYTES

const draining = new WeakMap<Socket, Promise<void>>()

/** Resolves when the peer has read enough for more to be sent, or has gone. One promise for all who wait. */
export const hasRoom = (socket: Socket): Promise<void> => {
  if (!isFull(socket)) return Promise.resolve()
  const waited = draining.get(socket) ?? whenDrained(socket)
  draining.set(socket, waited)
  return waited
}

/** Reads nothing from a peer that does not read. */
export const pauseWhileFull = (socket: Socket): void => {
  socket.on('data', () => {
    if (socket.writableLength < MAX_ANSWERED_BYTES || socket.isPaused()) return
    socket.pause()
    void hasRoom(socket).then(() => socket.resume())
  })
}

const whenDrained = (socket: Socket): Promise<void> =>
  new Promise(resolve => {
    const done = (): void => {
      draining.delete(socket)
      socket.off('drain', done).off('close', done)
      resolve()
    }
    socket.once('drain', done).once('close', done)
  })
