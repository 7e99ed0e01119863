import type { ServerChannel } from 'ssh2'
import { hasRoom } from './back-pressure.ts'
import { forgetWritten, socketOf } from './internals.ts'

export type ChannelOutput = {
  /** Resolves when the client's window and socket have taken the bytes, or the channel is gone. */
  write(stream: 'stdout' | 'stderr', bytes: Buffer): Promise<void>
}

/** Writes to a client's channel one piece at a time: see `forgetWritten` for what two at a time would do. */
export const channelOutput = (channel: ServerChannel): ChannelOutput => {
  let gone = false
  // Not a race with a promise of the channel's end: that one would remember every piece until then.
  let release: () => void = () => {}
  channel.once('close', () => {
    gone = true
    release()
  })
  let tail: Promise<void> = Promise.resolve()
  const writeNow = async (stream: 'stdout' | 'stderr', bytes: Buffer): Promise<void> => {
    await new Promise<void>(resolve => {
      const sink = stream === 'stdout' ? channel : channel.stderr
      if (gone || !sink.writable) return resolve()
      release = resolve
      sink.write(bytes, () => {
        forgetWritten(channel)
        resolve()
      })
    })
    if (!gone) await hasRoom(socketOf(channel))
  }
  return {
    write: (stream, bytes) => {
      tail = tail.then(() => writeNow(stream, bytes))
      return tail
    },
  }
}
