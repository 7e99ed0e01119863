import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Kafka } from '@sallyport/testing/kafka'

/** kcat with a user's credentials: an independent client, such as a SIEM team would try first. */
export type Kcat = AsyncDisposable & {
  /** What stands in a topic, a message each, up to its end. Rejects with what kcat says. */
  readonly read: (topic: string) => Promise<string[]>
}

export const openKcat = async (
  { secured }: Pick<Kafka, 'secured'>,
  { username, password }: { readonly username: string; readonly password: string },
): Promise<Kcat> => {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-kcat-'))
  const [authority, config] = [join(directory, 'authority.pem'), join(directory, 'kcat.conf')]
  await writeFile(authority, secured.authority)
  const settings = {
    'bootstrap.servers': secured.broker,
    'security.protocol': 'SASL_SSL',
    'ssl.ca.location': authority,
    'sasl.mechanism': 'PLAIN',
    'sasl.username': username,
    'sasl.password': password,
  }
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`)
  // In a file: command lines are for everybody to read.
  await writeFile(config, lines.join(''), { mode: 0o600 })
  return {
    read: async topic => {
      const args = ['-F', config, '-C', '-t', topic, '-o', 'beginning', '-e', '-q']
      const { stdout } = await promisify(execFile)('kcat', args, { timeout: 30_000, maxBuffer: 2 ** 26 })
      return stdout.split('\n').filter(line => line !== '')
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  }
}
