import ssh2 from 'ssh2'
import { newSshKey } from '@sallyport/targets/new-ssh-key'

// The floor: the smallest proxy that ssh2 makes, which asks nobody and records nothing. A process of its own.

const [port = '', username = '', privateKey = ''] = process.argv.slice(2)
const key = newSshKey()
const algorithms = { cipher: ['aes128-gcm@openssh.com'], kex: ['curve25519-sha256'] } as const

const server = new ssh2.Server({ hostKeys: [key.private] }, connection => {
  connection.on('error', () => {})
  connection.on('authentication', context => context.accept())
  connection.on('session', accept => {
    accept().on('exec', (acceptExec, _reject, { command }) => carry(acceptExec(), command))
  })
})

const carry = (near: ssh2.ServerChannel, command: string): void => {
  const client = new ssh2.Client()
  client.on('error', () => near.close())
  client.on('ready', () =>
    client.exec(command, (error, far) => {
      if (error) return near.close()
      near.pipe(far).pipe(near, { end: false })
      far.on('exit', (status: number) => near.exit(status))
      far.on('close', () => {
        near.end()
        client.end()
      })
    }),
  )
  client.connect({
    host: '127.0.0.1',
    port: Number(port),
    username,
    privateKey,
    algorithms: { cipher: [...algorithms.cipher], kex: [...algorithms.kex] },
  })
}

server.listen(0, '127.0.0.1', () => {
  const address: unknown = server.address()
  const listening = typeof address === 'object' && address !== null ? Reflect.get(address, 'port') : 0
  const [, base64 = ''] = key.public.split(' ')
  console.log(`listens ${String(listening)} ${base64}`)
})
