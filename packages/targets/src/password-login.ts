import ssh2 from 'ssh2'
import type { Target } from './target.ts'

/** Whether a target lets its account in with a password, asked directly, past everything. */
export const acceptsPassword = (
  target: Pick<Target, 'address' | 'port' | 'username'>,
  password: string,
): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const client = new ssh2.Client()
    client.on('ready', () => {
      client.end()
      resolve(true)
    })
    client.on('error', error => {
      if (error.level === 'client-authentication') resolve(false)
      else reject(error)
    })
    const { address: host, port, username } = target
    client.connect({ host, port, username, password, readyTimeout: 10_000 })
  })
