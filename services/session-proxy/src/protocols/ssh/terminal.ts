import type { ServerChannel } from 'ssh2'
import { editLine } from '../../domain/line-editor.ts'
import type { Conversation } from '../../sessions/conversation.ts'
import type { ChannelOutput } from './channel-output.ts'

type Options = {
  readonly channel: ServerChannel
  readonly output: ChannelOutput
  readonly hasTerminal: boolean
  readonly isShell: boolean
  readonly reason: string | undefined
  /** Aborted when nobody is waited for any more. */
  readonly closing: AbortSignal
}

/** Talks on a channel before its program runs. A command's input is left untouched: it is meant for the command. */
export const terminal = (options: Options): Conversation => {
  const { output, hasTerminal, isShell, reason } = options
  const canAsk = hasTerminal && isShell
  return {
    canAsk,
    ...(reason !== undefined && { reason }),
    say: text => output.write(hasTerminal ? 'stdout' : 'stderr', message(text, hasTerminal)),
    ask: question => (canAsk ? readLine(options, question) : Promise.resolve(undefined)),
    interruptible: work => interruptible(options, work),
  }
}

/** A message of the proxy's, so that nobody takes it for the target's. */
export const message = (text: string, hasTerminal: boolean): Buffer => {
  const end = hasTerminal ? '\r\n' : '\n'
  const lines = text.split('\n').map(line => `sallyport: ${line}${end}`)
  return Buffer.from((hasTerminal ? '\r' : '') + lines.join(''))
}

const readLine = async (
  { channel, output, closing }: Options,
  question: string,
): Promise<string | undefined> => {
  await output.write('stdout', Buffer.from(`sallyport: ${question}`))
  const decoder = new TextDecoder()
  return new Promise(resolve => {
    let text = ''
    const finish = (answer: string | undefined): void => {
      channel.off('data', onData).off('close', onClose).off('end', onClose)
      closing.removeEventListener('abort', onClose)
      channel.pause()
      resolve(answer)
    }
    const onClose = (): void => finish(undefined)
    const onData = (bytes: Buffer): void => {
      const edited = editLine(text, decoder.decode(bytes, { stream: true }))
      text = edited.text
      if (edited.echo !== '') void output.write('stdout', Buffer.from(edited.echo))
      if (edited.done !== undefined) finish(edited.done === 'entered' ? text : undefined)
    }
    channel.on('data', onData).on('close', onClose).on('end', onClose)
    closing.addEventListener('abort', onClose)
    if (closing.aborted) onClose()
    channel.resume()
  })
}

const CTRL_C = 0x03

const interruptible = async <T>(
  { channel, hasTerminal, closing }: Options,
  work: (interrupted: AbortSignal) => Promise<T>,
): Promise<T> => {
  const controller = new AbortController()
  const onClose = (): void => controller.abort()
  const onData = (bytes: Buffer): void => {
    if (bytes.includes(CTRL_C)) controller.abort()
  }
  channel.on('close', onClose)
  closing.addEventListener('abort', onClose)
  if (closing.aborted) onClose()
  if (hasTerminal) channel.on('data', onData).resume()
  try {
    return await work(controller.signal)
  } finally {
    channel.off('close', onClose).off('data', onData)
    closing.removeEventListener('abort', onClose)
    channel.pause()
  }
}
