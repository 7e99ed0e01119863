// oxlint-disable no-underscore-dangle -- these are ssh2's names.
import { EventEmitter } from 'node:events'
import type { Connection } from 'ssh2'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { startRekeying } from './rekeying.ts'

const LIMITS = { bytes: 1_000, seconds: 3_600, exchangeSeconds: 30 }

const fakePeer = () => {
  const socket = Object.assign(new EventEmitter(), { bytesRead: 0, bytesWritten: 0 })
  const peer = Object.assign(new EventEmitter(), {
    begun: 0,
    cut: 0,
    _sock: socket,
    _protocol: {
      _kexinit: undefined as object | undefined,
      _destruct: (): void => undefined,
      _onError: (): void => undefined,
      cleanup: (): void => undefined,
      disconnect: () => {
        peer.cut += 1
      },
      rekey: () => {
        peer.begun += 1
        peer._protocol._kexinit = {}
      },
    },
    finish: () => {
      peer._protocol._kexinit = undefined
      peer.emit('handshake')
    },
    carry: (read: number, written: number) => {
      socket.bytesRead += read
      socket.bytesWritten += written
      socket.emit('data')
    },
  })
  return peer
}

// As much of a connection as rekeying looks at.
const asConnection = (peer: object): Connection => peer as Connection

describe('keys', () => {
  let peer: ReturnType<typeof fakePeer>
  let rekeying: ReturnType<typeof startRekeying>
  beforeEach(() => {
    vi.useFakeTimers()
    peer = fakePeer()
    rekeying = startRekeying(LIMITS)
    rekeying.watch(asConnection(peer))
    peer.emit('handshake')
  })
  afterEach(() => {
    rekeying[Symbol.dispose]()
    vi.useRealTimers()
  })

  it('are exchanged when both directions together have carried the limit, and again after as much', () => {
    peer.carry(500, 499)
    expect(peer.begun).toBe(0)
    peer.carry(0, 1)
    expect(peer.begun).toBe(1)
    peer.carry(2_000, 2_000)
    expect(peer.begun).toBe(1)
    peer.finish()
    peer.carry(999, 0)
    expect(peer.begun).toBe(1)
    peer.carry(1, 0)
    expect(peer.begun).toBe(2)
  })

  it('are exchanged after an hour in which nothing was said', () => {
    vi.advanceTimersByTime(3_599_000)
    expect(peer.begun).toBe(0)
    vi.advanceTimersByTime(1_000)
    expect(peer.begun).toBe(1)
    peer.finish()
    vi.advanceTimersByTime(3_600_000)
    expect(peer.begun).toBe(2)
    expect(peer.cut).toBe(0)
  })

  it('count anew after an exchange that the peer wanted', () => {
    peer.carry(900, 0)
    peer.emit('handshake')
    peer.carry(900, 0)
    expect(peer.begun).toBe(0)
  })

  it('are not waited for longer than a minute', () => {
    peer.carry(1_000, 0)
    vi.advanceTimersByTime(30_000)
    expect(peer.cut).toBe(0)
    vi.advanceTimersByTime(30_000)
    expect(peer.cut).toBe(1)
  })

  it('are forgotten with their connection', () => {
    peer._sock.emit('close')
    vi.advanceTimersByTime(7_200_000)
    expect(peer.begun).toBe(0)
  })
})
