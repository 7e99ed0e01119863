import ssh2 from 'ssh2'
import { newSshKey } from '@sallyport/targets/new-ssh-key'

// A target in a process of its own that lets everybody in and gives back what is typed: the least that a target can do.

const host = newSshKey()
const server = new ssh2.Server({ hostKeys: [host.private] }, connection => {
  connection.on('error', () => {})
  connection.on('authentication', context => context.accept())
  connection.on('session', accept => {
    const session = accept()
    session.on('pty', acceptPty => acceptPty?.())
    session.on('shell', acceptShell => {
      const channel = acceptShell()
      channel.on('error', () => {})
      channel.on('data', (typed: Buffer) => channel.write(typed))
    })
  })
})

server.listen(0, '127.0.0.1', () => {
  const address: unknown = server.address()
  const port = typeof address === 'object' && address !== null ? Reflect.get(address, 'port') : 0
  console.log(`listens ${String(port)} ${host.public.split(' ')[1] ?? ''}`)
})
