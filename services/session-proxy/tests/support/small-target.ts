import type { AddressInfo } from 'node:net'
import { newSshKey } from '@sallyport/targets/new-ssh-key'
import ssh2 from 'ssh2'
import type { TargetFacts } from './fakes.ts'

type Behaviour = {
  readonly methods?: readonly string[]
  readonly question?: { readonly prompt: string; readonly echo: boolean }
  /** Neither opens nor refuses channels. */
  readonly silent?: boolean
}

export type SmallTarget = AsyncDisposable & {
  readonly facts: () => TargetFacts
  readonly password: string
  readonly behave: (behaviour: Behaviour) => void
  /** What was answered to keyboard-interactive. */
  readonly answers: string[]
  readonly sizes: string[]
  /** How many channels were asked for. */
  readonly asked: () => number
}

/** A small SSH server that takes a password and plays a few scenes: what a real one does only by accident. */
export const smallTarget = async (algorithms: ssh2.Algorithms = {}): Promise<SmallTarget> => {
  const pair = newSshKey()
  const password = 'only-the-target-may-see-this'
  const answers: string[] = []
  const sizes: string[] = []
  const connections = new Set<ssh2.Connection>()
  let behaviour: Behaviour = {}
  let asked = 0
  const server = new ssh2.Server({ hostKeys: [pair.private], algorithms }, connection => {
    connections.add(connection)
    connection.on('error', () => undefined).on('close', () => connections.delete(connection))
    connection.on('authentication', context => signIn(context))
    connection.on('session', accept => {
      asked += 1
      if (behaviour.silent !== true) playScenes(accept(), connection)
    })
  })
  const signIn = (context: ssh2.AuthContext): void => {
    const methods = [...(behaviour.methods ?? ['password'])] as ssh2.AuthenticationType[]
    if (!methods.includes(context.method)) return context.reject(methods)
    const check = (given: string | undefined): void =>
      given === password ? context.accept() : context.reject()
    if (context.method === 'password') return check(context.password)
    if (context.method === 'keyboard-interactive') {
      return context.prompt([behaviour.question ?? { prompt: 'Password: ', echo: false }], given => {
        answers.push(...given)
        check(given[0])
      })
    }
    return context.reject(methods)
  }
  const playScenes = (session: ssh2.Session, connection: ssh2.Connection): void => {
    const note = ({ cols, rows }: { cols: number; rows: number }): void => void sizes.push(`${cols}x${rows}`)
    session.on('pty', (accept, _reject, info) => {
      note(info)
      accept?.()
    })
    session.on('window-change', (accept, _reject, info) => {
      note(info)
      accept?.()
    })
    session.on('shell', accept => finishWithInput(accept()))
    session.on('exec', (accept, _reject, { command }) => {
      const channel = accept()
      if (command === 'wait') return finishWithInput(channel)
      if (command === 'cat') return void channel.pipe(channel)
      if (command === 'drop') return void connection.end()
      if (command === 'crash') channel.exit('SEGV', true, 'oops')
      else {
        channel.write('out')
        channel.exit(0)
      }
      channel.end()
    })
  }
  const finishWithInput = (channel: ssh2.ServerChannel): void => {
    channel.resume().on('end', () => {
      channel.exit(0)
      channel.end()
    })
  }
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', () => resolve()))
  const key = ssh2.utils.parseKey(pair.public)
  if (key instanceof Error) throw key
  return {
    password,
    answers,
    sizes,
    asked: () => asked,
    behave: next => {
      behaviour = next
    },
    facts: () => ({
      kind: 'password',
      secretBytes: () => Buffer.from(password),
      address: '127.0.0.1',
      port: (server.address() as AddressInfo).port,
      username: 'root',
      hostKeys: [key.getPublicSSH()],
    }),
    [Symbol.asyncDispose]: () =>
      new Promise(resolve => {
        for (const connection of connections) connection.end()
        server.close(() => resolve())
      }),
  }
}
