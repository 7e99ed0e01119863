import { createEgress } from '@sallyport/egress/egress'
import { createServerCertificate } from '@sallyport/testing/server-certificate'
import { describe, expect, it } from 'vitest'
import { deliver } from '../src/forwarding/receiver.ts'
import { startLine, startReceiver, type TestReceiver } from './receivers.ts'

const egress = createEgress({ allowLoopback: true, forbidden: [] })
const frames = [Buffer.from('one'), Buffer.from('two')]
const { signal } = new AbortController()

const to = ({ port, authority }: Pick<TestReceiver, 'port' | 'authority'>) => ({
  host: '127.0.0.1',
  port,
  authority,
})

describe('Delivering to a receiver', () => {
  it('ends when it has read everything and closed', async () => {
    await using receiver = await startReceiver()
    await deliver(egress, to(receiver), frames, signal)
    expect(receiver.received.map(String)).toEqual(['onetwo'])
  })

  it('waits for one that reads slowly', async () => {
    await using receiver = await startReceiver(secure => {
      secure.pause()
      setTimeout(() => secure.resume(), 500)
    })
    const large = Array.from({ length: 64 }, () => Buffer.alloc(65_536, 'x'))
    await deliver(egress, to(receiver), large, signal)
    expect(receiver.received[0]?.length).toBe(64 * 65_536)
  })

  it('fails with one that closes before it was told everything', async () => {
    await using receiver = await startReceiver(secure => secure.end())
    await expect(deliver(egress, to(receiver), frames, signal)).rejects.toThrow('before it could have read')
  })

  it('fails with one that goes away with something unread', async () => {
    await using receiver = await startReceiver()
    await using line = await startLine(receiver.port, 10_000)
    const large = Array.from({ length: 64 }, () => Buffer.alloc(65_536, 'x'))
    const toLine = to({ port: line.port, authority: receiver.authority })
    await expect(deliver(egress, toLine, large, signal)).rejects.toThrow(/ECONNRESET|EPIPE/)
  })

  it('fails with one whose certificate is not to be trusted, before anything is sent', async () => {
    await using receiver = await startReceiver()
    const other = await createServerCertificate()
    const wrong = to({ port: receiver.port, authority: other.certificate })
    await expect(deliver(egress, wrong, frames, signal)).rejects.toThrow('self-signed certificate')
    expect(receiver.received.map(String).join('')).toBe('')
  })

  it('fails with one whose certificate is for another name', async () => {
    await using receiver = await startReceiver(undefined, ['siem.example', '127.0.0.2'])
    await expect(deliver(egress, to(receiver), frames, signal)).rejects.toThrow(/altnames/)
  })

  it('does not connect to where nothing may be', async () => {
    await using receiver = await startReceiver()
    const strict = createEgress({ allowLoopback: false, forbidden: [] })
    await expect(deliver(strict, to(receiver), frames, signal)).rejects.toThrow('must not be connected to')
  })

  it('stops when it is told to', async () => {
    await using receiver = await startReceiver(secure => secure.pause())
    const stopping = new AbortController()
    const delivery = deliver(egress, to(receiver), frames, stopping.signal)
    setTimeout(() => stopping.abort(), 100)
    await expect(delivery).rejects.toThrow('aborted')
  })
})
