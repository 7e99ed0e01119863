import { timingSafeEqual } from 'node:crypto'
import type { Secret } from '@sallyport/crypto/secret'
import ssh2, { type Client, type ClientChannel } from 'ssh2'
import type { Connection, Door, Visit } from './door.ts'

export type SshDoorOptions = {
  readonly host: string
  readonly port: number
  /** As in known_hosts, without the host: `ssh-ed25519 AAAA…`. Another one is refused. */
  readonly hostKey: string
  /** Such as `tenant/user[account@device]`. */
  readonly loginName: string
  readonly password: Secret
  readonly patienceMs: number
}

/** The door as a library’s client meets it. */
export const sshDoor = (options: SshDoorOptions): Door => ({
  connect: async code => {
    const client = new ssh2.Client()
    const closed = new Promise<void>(resolve => client.once('close', () => resolve()))
    try {
      await signedIn(client, options, code)
    } catch (failure) {
      client.destroy()
      throw failure
    }
    // From here on its end is told by what runs over it.
    client.on('error', () => {})
    return connectionOf(client, closed)
  },
})

const connectionOf = (client: Client, closed: Promise<void>): Connection => ({
  run: async (command, reason) => visitOf(await started(client, command, reason)),
  [Symbol.asyncDispose]: async () => {
    client.destroy()
    await closed
  },
})

const signedIn = (client: Client, options: SshDoorOptions, code: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const [, pinned = ''] = options.hostKey.split(' ')
    client.on('keyboard-interactive', (_name, _instructions, _language, prompts, answer) =>
      answer(
        prompts.map(({ prompt }) =>
          /password/i.test(prompt) ? options.password.bytes().toString('utf8') : code,
        ),
      ),
    )
    client.once('ready', () => resolve())
    client.once('error', reject)
    client.once('close', () => reject(new Error('The connection was closed')))
    client.connect({
      host: options.host,
      port: options.port,
      username: options.loginName,
      tryKeyboard: true,
      readyTimeout: options.patienceMs,
      hostVerifier: (key: Buffer) => isSame(key, Buffer.from(pinned, 'base64')),
    })
  })

const isSame = (one: Buffer, other: Buffer): boolean =>
  one.length === other.length && timingSafeEqual(one, other)

const started = (client: Client, command: string, reason: string): Promise<ClientChannel> =>
  new Promise((resolve, reject) => {
    client.once('close', () => reject(new Error('The connection was closed')))
    client.exec(command, { env: { SALLYPORT_REASON: reason } }, (error, channel) =>
      error ? reject(error) : resolve(channel),
    )
  })

/** More than anything that is looked for. */
const mostShown = 64 * 1024

const visitOf = (channel: ClientChannel): Visit => {
  let text = ''
  let over = false
  let changed = Promise.withResolvers<void>()
  const tell = (): void => {
    changed.resolve()
    changed = Promise.withResolvers<void>()
  }
  for (const stream of [channel, channel.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text = (text + chunk).slice(-mostShown)
      tell()
    })
  }
  channel.on('error', () => {})
  const ended = new Promise<void>(resolve =>
    channel.once('close', () => {
      over = true
      tell()
      resolve()
    }),
  )
  return {
    ended,
    shows: async pattern => {
      for (;;) {
        const found = pattern.exec(text)
        if (found) return found
        if (over) throw new Error(text.trim() === '' ? 'It ended and showed nothing' : text.trim())
        await changed.promise
      }
    },
  }
}
