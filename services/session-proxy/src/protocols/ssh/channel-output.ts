import type { ServerChannel } from 'ssh2'
import { forgetWritten } from './internals.ts'

export type ChannelOutput = {
  /** Resolves when the client's window has taken the bytes, or the channel is gone. */
  write(stream: 'stdout' | 'stderr', bytes: Buffer): Promise<void>
}

/** Writes to a client's channel one piece at a time: see `forgetWritten` for what two at a time would do. */
export const channelOutput = (channel: ServerChannel): ChannelOutput => {
  const gone = new Promise<void>(resolve => channel.once('close', resolve))
  let tail: Promise<void> = Promise.resolve()
  const writeNow = (stream: 'stdout' | 'stderr', bytes: Buffer): Promise<void> => {
    const taken = new Promise<void>(resolve => {
      const sink = stream === 'stdout' ? channel : channel.stderr
      if (!sink.writable) resolve()
      else
        sink.write(bytes, () => {
          forgetWritten(channel)
          resolve()
        })
    })
    return Promise.race([taken, gone])
  }
  return {
    write: (stream, bytes) => {
      tail = tail.then(() => writeNow(stream, bytes))
      return tail
    },
  }
}
