import { PassThrough } from 'node:stream'
import ssh2, { type Client, type ClientChannel } from 'ssh2'
import { collect, type SshLogin, type SshRun } from './ssh-client.ts'

/** The same as `runSsh` for an interactive shell, by a library, for machines without OpenSSH's client. */
export const runLibraryShell = async (login: SshLogin): Promise<SshRun> => {
  const client = new ssh2.Client()
  await connected(client, login)
  const channel = await openShell(client)
  const [output, errors] = [new PassThrough(), new PassThrough()]
  channel.pipe(output)
  channel.stderr.pipe(errors)
  const exit = new Promise<number>(resolve => {
    let status = 255
    channel.on('exit', (code: number | null) => {
      status = code ?? 255
    })
    channel.on('close', () => resolve(status))
    client.on('close', () => resolve(status))
  })
  return {
    write: text => void channel.write(text),
    end: () => channel.end(),
    stdout: collect(output),
    stderr: collect(errors),
    exit,
    [Symbol.asyncDispose]: async () => {
      client.end()
      await exit
    },
  }
}

const connected = (client: Client, login: SshLogin): Promise<void> =>
  new Promise((resolve, reject) => {
    const [, hostKey = ''] = login.hostKey.split(' ')
    client.on('keyboard-interactive', (_name, _instructions, _language, prompts, answer) =>
      answer(prompts.map(({ prompt }) => (/password/i.test(prompt) ? login.password : login.code))),
    )
    client.on('ready', () => resolve())
    client.on('error', reject)
    client.connect({
      host: '127.0.0.1',
      port: login.port,
      username: login.loginName,
      tryKeyboard: true,
      hostVerifier: (key: Buffer) => key.toString('base64') === hostKey,
    })
  })

const openShell = (client: Client): Promise<ClientChannel> =>
  new Promise((resolve, reject) => {
    client.shell({ term: 'xterm' }, (error, channel) => (error ? reject(error) : resolve(channel)))
  })
