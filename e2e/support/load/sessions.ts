import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import type { Person } from '@sallyport/standalone/demo/person'
import ssh2, { type Client } from 'ssh2'

type Door = { readonly sshPort: number; readonly sshHostKey: string }

/** Runs commands in sessions of their own, all the time, over connections that are opened again when they break. */
export type Sessions = AsyncDisposable & { readonly succeeded: () => number }

type Target = { readonly username: string; readonly deviceName: string }

export const startSessions = (
  door: Door,
  people: readonly Person[],
  target: Target,
  everyMs = 100,
): Sessions => {
  const stop = new AbortController()
  let succeeded = 0
  const visit = async (person: Person): Promise<void> => {
    const code = await person.nextCode()
    if (stop.signal.aborted) return
    const client = new ssh2.Client()
    client.on('error', () => {})
    const closed = new Promise<void>(resolve => client.once('close', () => resolve()))
    try {
      await connect(client, door, person, code, target)
      while (!stop.signal.aborted) {
        if ((await run(client, 'echo $((6*7))')) === '42\n') succeeded += 1
        await pause(everyMs)
      }
    } finally {
      client.end()
      await closed
    }
  }
  const visitor = async (person: Person): Promise<void> => {
    while (!stop.signal.aborted) await visit(person).catch(() => pause(100))
  }
  // Whoever waits for the next one-time code is not waited for.
  const stopped = once(stop.signal, 'abort')
  const visiting = Promise.all(people.map(visitor))
  return {
    succeeded: () => succeeded,
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await stopped
      await Promise.race([visiting, pause(3_000)])
    },
  }
}

const connect = (
  client: Client,
  { sshPort, sshHostKey }: Door,
  { userName, password }: Person,
  code: string,
  { username, deviceName }: Target,
): Promise<void> =>
  new Promise((resolve, reject) => {
    client.on('keyboard-interactive', (_name, _instructions, _language, prompts, answer) =>
      answer(prompts.map(({ prompt }) => (/password/i.test(prompt) ? password : code))),
    )
    client.on('ready', resolve)
    client.on('close', () => reject(new Error('The connection was closed')))
    client.connect({
      host: '127.0.0.1',
      port: sshPort,
      username: `${userName}[${username}@${deviceName}]`,
      tryKeyboard: true,
      hostVerifier: (key: Buffer) => key.toString('base64') === sshHostKey.split(' ')[1],
    })
  })

const run = (client: Client, command: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const lost = (): void => reject(new Error('The connection was closed'))
    client.once('close', lost)
    client.exec(command, (error, channel) => {
      if (error) return reject(error)
      let text = ''
      channel.on('data', (chunk: Buffer) => {
        text += chunk.toString()
      })
      channel.stderr.resume()
      channel.on('close', () => {
        client.off('close', lost)
        resolve(text)
      })
    })
  })
