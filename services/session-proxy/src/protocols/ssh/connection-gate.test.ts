import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { connectionGate } from './connection-gate.ts'

const limits = {
  maxConnections: 4,
  maxConnectionsPerSource: 3,
  maxSigningIn: 3,
  maxSigningInPerSource: 2,
  firstFactorSeconds: 30,
  signInSeconds: 120,
}

type FakeSocket = Socket & { isDestroyed: boolean }

const socketFrom = (remoteAddress: string): FakeSocket => {
  const socket = Object.assign(new EventEmitter(), {
    remoteAddress,
    isDestroyed: false,
    destroy: () => {
      socket.isDestroyed = true
      socket.emit('close')
    },
  })
  // As much of a socket as the gate looks at.
  return socket as unknown as FakeSocket
}

describe('the gate', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('lets one source sign in on so many connections at a time only', () => {
    const gate = connectionGate(limits)
    expect(gate.admit(socketFrom('a'))).toBeDefined()
    expect(gate.admit(socketFrom('a'))).toBeDefined()
    const third = socketFrom('a')
    expect(gate.admit(third)).toBeUndefined()
    expect(third.isDestroyed).toBe(true)
    expect(gate.admit(socketFrom('b'))).toBeDefined()
  })

  it('makes room for somebody from elsewhere by cutting the oldest of a crowd, and of nobody else', () => {
    const gate = connectionGate(limits)
    const [oldest, second, single] = [socketFrom('a'), socketFrom('a'), socketFrom('b')]
    for (const socket of [oldest, second, single]) expect(gate.admit(socket)).toBeDefined()
    expect(gate.admit(socketFrom('c'))).toBeDefined()
    expect(oldest.isDestroyed).toBe(true)
    // Now each source has one.
    expect(gate.admit(socketFrom('d'))).toBeUndefined()
    expect([second, single].some(socket => socket.isDestroyed)).toBe(false)
  })

  it('cuts nobody who has proved a first factor', () => {
    const gate = connectionGate(limits)
    const [first, second] = [socketFrom('a'), socketFrom('a')]
    for (const socket of [first, second]) gate.admit(socket)?.firstFactorProved()
    expect(gate.admit(socketFrom('b'))).toBeDefined()
    expect(gate.admit(socketFrom('c'))).toBeUndefined()
  })

  it('counts those who have signed in against the connections only', () => {
    const gate = connectionGate(limits)
    for (let i = 0; i < 3; i += 1) gate.admit(socketFrom('a'))?.signedIn()
    expect(gate.admit(socketFrom('a'))).toBeUndefined()
    expect(gate.admit(socketFrom('b'))).toBeDefined()
    expect(gate.admit(socketFrom('c'))).toBeUndefined()
  })

  it('forgets a connection that closed', () => {
    const gate = connectionGate(limits)
    for (let i = 0; i < 20; i += 1) {
      const socket = socketFrom('a')
      expect(gate.admit(socket)).toBeDefined()
      socket.destroy()
    }
  })

  it('cuts who has proved nothing after 30 s', () => {
    const gate = connectionGate(limits)
    const socket = socketFrom('a')
    gate.admit(socket)
    vi.advanceTimersByTime(30_000)
    expect(socket.isDestroyed).toBe(true)
  })

  it('gives who has proved a first factor two minutes once, and whoever is signed in any time', () => {
    const gate = connectionGate(limits)
    const [slow, signedIn] = [socketFrom('a'), socketFrom('b')]
    const entry = gate.admit(slow)
    entry?.firstFactorProved()
    gate.admit(signedIn)?.signedIn()
    vi.advanceTimersByTime(119_000)
    expect(slow.isDestroyed).toBe(false)
    entry?.firstFactorProved()
    vi.advanceTimersByTime(2_000)
    expect(slow.isDestroyed).toBe(true)
    expect(signedIn.isDestroyed).toBe(false)
  })
})
