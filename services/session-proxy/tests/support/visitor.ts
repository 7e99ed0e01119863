import ssh2, { type ClientChannel, type ConnectConfig } from 'ssh2'
import { CODE, PASSWORD } from './fakes.ts'

export type Outcome = {
  readonly stdout: Buffer
  readonly stderr: string
  readonly status: number | undefined
  readonly signal: string | undefined
}

/** Somebody who has signed in at the door, by the library, for what the OpenSSH client would not do. */
export type Visitor = Disposable & {
  readonly client: ssh2.Client
  readonly exec: (command: string) => Promise<Outcome>
  readonly open: (command: string) => Promise<ClientChannel>
  readonly closed: Promise<void>
}

export const visit = async (port: number, more: ConnectConfig = {}): Promise<Visitor> => {
  const client = new ssh2.Client()
  const closed = new Promise<void>(resolve => client.once('close', () => resolve()))
  client.on('keyboard-interactive', (_name, _text, _language, prompts, finish) =>
    finish(prompts.map(({ prompt }) => (prompt.includes('assword') ? PASSWORD : CODE))),
  )
  await new Promise<void>((resolve, reject) => {
    client.once('ready', () => resolve()).on('error', reject)
    void closed.then(() => reject(new Error('The door closed the connection')))
    const login = { host: '127.0.0.1', port, username: 'alice[root@web-1]', tryKeyboard: true }
    client.connect({ ...login, readyTimeout: 60_000, ...more })
  })
  const open = (command: string): Promise<ClientChannel> =>
    new Promise((resolve, reject) =>
      client.exec(command, (error, channel) => (error ? reject(error) : resolve(channel))),
    )
  return {
    client,
    open,
    exec: async command => outcomeOf(await open(command)),
    closed,
    [Symbol.dispose]: () => client.destroy(),
  }
}

/** Everything that a command gives, to its end. */
export const outcomeOf = (channel: ClientChannel): Promise<Outcome> =>
  new Promise(resolve => {
    const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []]
    channel.on('data', (bytes: Buffer) => stdout.push(bytes))
    channel.stderr.on('data', (bytes: Buffer) => stderr.push(bytes))
    channel.on('close', (status?: number | null, signal?: string) =>
      resolve({
        stdout: Buffer.concat(stdout),
        stderr: Buffer.concat(stderr).toString(),
        status: status ?? undefined,
        signal: signal ?? undefined,
      }),
    )
  })
