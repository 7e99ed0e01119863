import { setTimeout } from 'node:timers/promises'
import ssh2, { type ClientChannel } from 'ssh2'

/** Where to open shells. */
export type Door = { readonly port: number; readonly username: string; readonly privateKey: string }

/** Many shells with a terminal, each on a connection of its own. */
export type Typists = Disposable & {
  readonly channels: readonly ClientChannel[]
  readonly open: (more: number) => Promise<void>
  /** How many connections have ended by themselves. */
  readonly drops: () => number
}

/** So many are opened at the same time; a door has limits for those that are signing in. */
const AT_ONCE = 12

export const typistsAt = (door: Door): Typists => {
  const clients: ssh2.Client[] = []
  const channels: ClientChannel[] = []
  let drops = 0
  let ending = false
  const openOne = async (): Promise<void> => {
    const client = new ssh2.Client()
    clients.push(client)
    client.on('close', () => {
      if (!ending) drops += 1
    })
    channels.push(await openShell(client, door))
  }
  return {
    channels,
    open: async more => {
      let left = more
      const worker = async (): Promise<void> => {
        while (left > 0) {
          left -= 1
          await openOne()
        }
      }
      await Promise.all(Array.from({ length: AT_ONCE }, worker))
    },
    drops: () => drops,
    [Symbol.dispose]: () => {
      ending = true
      for (const client of clients) client.destroy()
    },
  }
}

const openShell = (client: ssh2.Client, { port, username, privateKey }: Door): Promise<ClientChannel> =>
  new Promise((resolve, reject) => {
    client.on('error', reject)
    client.on('ready', () =>
      client.shell({ term: 'xterm' }, (error, channel) => {
        if (error) return reject(error)
        channel.on('data', () => {})
        resolve(channel)
      }),
    )
    client.connect({
      host: '127.0.0.1',
      port,
      username,
      privateKey,
      readyTimeout: 60_000,
      algorithms: { cipher: ['aes128-gcm@openssh.com'], kex: ['curve25519-sha256'] },
    })
  })

/** How long one key takes to come back, in milliseconds. */
export const echoTime = async (channel: ClientChannel): Promise<number> => {
  const began = performance.now()
  const back = new Promise<void>(resolve => channel.once('data', () => resolve()))
  channel.write('x')
  await Promise.race([
    back,
    setTimeout(10_000).then(() => Promise.reject(new Error('a key did not come back'))),
  ])
  return performance.now() - began
}
