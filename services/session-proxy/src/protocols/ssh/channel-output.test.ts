import { EventEmitter } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { ServerChannel } from 'ssh2'
import { expect, it } from 'vitest'
import { channelOutput } from './channel-output.ts'

type Sink = { writable: boolean; write: (bytes: Buffer, taken: () => void) => void }

const channelWith = (write: Sink['write']): ServerChannel & EventEmitter => {
  const sink: Sink = { writable: true, write }
  const client = { _sock: { writableNeedDrain: false } }
  // As much of a channel as output needs.
  return Object.assign(new EventEmitter(), sink, {
    stderr: sink,
    _client: client,
  }) as unknown as ServerChannel & EventEmitter
}

/** What is still in use after a collection. */
const usedBytes = (): number => {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  return process.memoryUsage().heapUsed
}

it('keeps nothing of the pieces that were taken, however many there are', async () => {
  const output = channelOutput(channelWith((_bytes, taken) => taken()))
  const piece = Buffer.from('x')
  const before = usedBytes()
  for (let count = 0; count < 100_000; count += 1) await output.write('stdout', piece)
  const kept = usedBytes() - before
  // It is still in use.
  await output.write('stdout', piece)
  expect(kept).toBeLessThan(5_000_000)
})

it('waits no longer for a piece when the channel is gone', async () => {
  const channel = channelWith(() => undefined)
  const output = channelOutput(channel)
  const [first, second] = [output.write('stdout', Buffer.from('1')), output.write('stderr', Buffer.from('2'))]
  await new Promise(resolve => setImmediate(resolve))
  channel.emit('close')
  await expect(Promise.all([first, second])).resolves.toBeDefined()
})
