import { type ChildProcess, spawn } from 'node:child_process'
import { generateKeyPairSync, randomBytes, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import ssh2, { type AuthContext, type Connection, type ServerChannel, type Session } from 'ssh2'
import { changePassword } from './small-passwd.ts'
import type { Target } from './target.ts'

/** The one account of a small server. Its password can be changed by `passwd`, as on a real system. */
export type SmallAccount = { readonly username: string; password: string }

/**
 * A small SSH server for machines without OpenSSH's, or without the rights to run it. Its account is this process's
 * user: a shell started here is as powerful as whoever started it, so it listens on loopback only, with a random
 * password.
 */
export const startSmallTarget = async (): Promise<Target> => {
  const account: SmallAccount = { username: 'demo', password: randomBytes(18).toString('base64url') }
  const initialPassword = account.password
  const children = new Set<ChildProcess>()
  const connections = new Set<Connection>()
  const server = new ssh2.Server({ hostKeys: [hostKey()] }, connection => {
    connections.add(connection)
    connection.on('error', () => {})
    connection.on('close', () => connections.delete(connection))
    connection.on('authentication', context => authenticate(account, context))
    connection.on('session', accept => serveSession(accept(), account, children))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    description: 'a small SSH server of the demonstration',
    address: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    username: account.username,
    password: initialPassword,
    [Symbol.asyncDispose]: async () => {
      for (const child of children) child.kill('SIGKILL')
      for (const connection of connections) connection.end()
      await new Promise<void>(resolve => server.close(() => resolve()))
    },
  }
}

const hostKey = (): string => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return privateKey.export({ format: 'pem', type: 'sec1' }).toString()
}

const authenticate = (account: SmallAccount, context: AuthContext): void => {
  if (context.method !== 'password') return context.reject(['password'])
  const given = Buffer.from(context.password)
  const wanted = Buffer.from(account.password)
  const right = given.length === wanted.length && timingSafeEqual(given, wanted)
  if (context.username === account.username && right) context.accept()
  else context.reject(['password'])
}

const serveSession = (session: Session, account: SmallAccount, children: Set<ChildProcess>): void => {
  let pty = false
  session.on('pty', accept => {
    pty = true
    accept?.()
  })
  session.on('env', accept => accept?.())
  session.on('window-change', accept => accept?.())
  session.on('shell', accept => runProgram(accept(), undefined, pty, children))
  session.on('exec', (accept, _reject, { command }) => {
    const channel = accept()
    if (/(^|\s)passwd$/.test(command)) changePassword(channel, account)
    else runProgram(channel, command, pty, children)
  })
}

/** With a terminal, through `script`, which makes a real one; otherwise through a plain shell. */
const runProgram = (
  channel: ServerChannel,
  command: string | undefined,
  pty: boolean,
  children: Set<ChildProcess>,
): void => {
  const shell = command === undefined ? ['sh', '-i'] : ['sh', '-c', command]
  const [program = 'sh', ...args] =
    pty && process.platform === 'linux' ? ['script', '-qfec', command ?? 'sh -i', '/dev/null'] : shell
  const child = spawn(program, args, {
    stdio: 'pipe',
    env: { PATH: process.env['PATH'], PS1: 'demo$ ', TERM: 'xterm' },
  })
  children.add(child)
  child.on('error', () => channel.end())
  child.stdin.on('error', () => {})
  channel.on('error', () => child.kill('SIGKILL'))
  channel.on('close', () => child.kill('SIGHUP'))
  channel.pipe(child.stdin)
  child.stdout.pipe(channel, { end: false })
  child.stderr.pipe(channel.stderr, { end: false })
  child.on('close', code => {
    children.delete(child)
    channel.exit(code ?? 1)
    channel.end()
  })
}
