import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { eventually } from '@sallyport/testing/eventually'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasRoom, isFull, pauseWhileFull } from './back-pressure.ts'

const ANSWER = Buffer.alloc(64)
const QUESTION = Buffer.alloc(1_000)

describe('S-SSH-08: a peer that reads nothing', () => {
  const server = createServer({ noDelay: true })
  let near: Socket
  let far: Socket
  let read = 0

  beforeAll(async () => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    far = connect((server.address() as AddressInfo).port, '127.0.0.1')
    ;[near] = await once(server, 'connection')
    // Each byte is answered with 64.
    near.on('data', (bytes: Buffer) => {
      read += bytes.byteLength
      near.write(Buffer.alloc(bytes.byteLength * ANSWER.byteLength))
    })
    pauseWhileFull(near)
    far.pause()
  })
  afterAll(() => {
    far.destroy()
    near.destroy()
    server.close()
  })

  it('is not read from either, until it has read', async () => {
    const asked = 400_000
    for (let sent = 0; sent < asked; sent += QUESTION.byteLength) far.write(QUESTION)
    await eventually(() => near.isPaused())
    const before = near.writableLength
    expect(isFull(near)).toBe(true)
    expect(before).toBeLessThan(8 * 1024 * 1024)
    let hasRead = false
    const waitForRoom = async (): Promise<void> => {
      await hasRoom(near)
      hasRead = true
    }
    const room = waitForRoom()
    expect(hasRead).toBe(false)
    far.resume()
    await room
    await eventually(() => read === asked)
  })

  it('is waited for no longer when it has gone', async () => {
    far.pause()
    while (!isFull(near)) near.write(QUESTION)
    const room = hasRoom(near)
    near.destroy()
    await expect(room).resolves.toBeUndefined()
    await expect(hasRoom(near)).resolves.toBeUndefined()
  })
})
