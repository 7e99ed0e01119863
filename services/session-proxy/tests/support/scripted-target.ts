import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { newSshKey } from '@sallyport/targets/new-ssh-key'
import ssh2, { type Connection, type ParsedKey, type ServerChannel, type Session } from 'ssh2'
import type { TargetFacts } from './fakes.ts'

export type ScriptedTarget = AsyncDisposable & { readonly facts: () => TargetFacts; readonly port: number }

type Script = {
  /** Private ones. */
  readonly hostKeys?: readonly (string | ParsedKey)[]
  /** What happens to each connection; its sign-in is accepted unless this says otherwise. */
  readonly connected?: (connection: Connection, socket: Socket) => void
  readonly accepts?: boolean
  /** What happens at the first request to sign in, instead. */
  readonly authenticate?: (connection: Connection, accept: () => void) => void
  readonly session?: (session: Session, connection: Connection) => void
  readonly command?: (channel: ServerChannel, command: string, connection: Connection) => void
}

/** An SSH server that lets everybody in and then does what a script says. */
export const scriptedTarget = async (script: Script = {}): Promise<ScriptedTarget> => {
  const pair = newSshKey()
  const key = ssh2.utils.parseKey(pair.public)
  if (key instanceof Error) throw key
  const hostKeys = [...(script.hostKeys ?? [pair.private])]
    // A key that was taken apart already is taken as well, whatever the types say.
    .map(key => (typeof key === 'string' ? key : { key: key as unknown as string }))
  const ssh = new ssh2.Server({ hostKeys }, connection => {
    connection.on('error', () => undefined)
    connection.on('authentication', context => {
      const accept = (): void => context.accept()
      if (script.authenticate !== undefined) script.authenticate(connection, accept)
      else if (script.accepts === false) context.reject(['password'])
      else accept()
    })
    connection.on('session', accept => {
      const session = accept()
      session.on('pty', agree => agree?.()).on('env', agree => agree?.())
      session.on('window-change', agree => agree?.())
      session.on('exec', (agree, _reject, { command }) => {
        const channel = agree()
        channel.on('error', () => undefined)
        ;(script.command ?? succeed)(channel, command, connection)
      })
      session.on('shell', agree => succeed(agree()))
      script.session?.(session, connection)
    })
    const socket: Socket = Reflect.get(connection, '_sock')
    script.connected?.(connection, socket)
  })
  const target = await listening(createServer({ noDelay: true }, socket => ssh.injectSocket(socket)))
  return {
    ...target,
    facts: () => ({ ...factsOf(target.port), hostKeys: [key.getPublicSSH()] }),
  }
}

/** A TCP server that is no SSH server. */
export const rawTarget = async (connected: (socket: Socket) => void): Promise<ScriptedTarget> => {
  const target = await listening(createServer({ noDelay: true }, connected))
  const key = ssh2.utils.parseKey(newSshKey().public)
  if (key instanceof Error) throw key
  return { ...target, facts: () => ({ ...factsOf(target.port), hostKeys: [key.getPublicSSH()] }) }
}

const succeed = (channel: ServerChannel): void => {
  channel.write('out')
  channel.exit(0)
  channel.end()
}

const listening = async (server: Server): Promise<AsyncDisposable & { port: number }> => {
  const sockets = new Set<Socket>()
  server.on('connection', socket => {
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

const factsOf = (port: number): TargetFacts => ({
  kind: 'password',
  secretBytes: () => Buffer.from('only-the-target-may-see-this'),
  address: '127.0.0.1',
  port,
  username: 'root',
  hostKeys: [],
})
