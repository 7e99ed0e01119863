// In a network of its own: gives this machine every address, puts up a firewall, listens everywhere, and tries every pair.
// Reads what to do as JSON, and writes for each pair whether a connection came about.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { json } from 'node:stream/consumers'

type Task = {
  readonly addresses: readonly string[]
  readonly ports: readonly number[]
  readonly firewall: string
  readonly pairs: readonly { readonly from: string; readonly to: string; readonly port: number }[]
}

const { addresses, ports, firewall, pairs } = (await json(process.stdin)) as Task

execFileSync('ip', ['link', 'set', 'lo', 'up'])
for (const address of addresses) execFileSync('ip', ['address', 'add', `${address}/32`, 'dev', 'lo'])
execFileSync('nft', ['--file', '-'], { input: firewall })

const servers = ports.map(port => createServer(socket => socket.destroy()).listen(port, '0.0.0.0'))
await Promise.all(servers.map(server => once(server, 'listening')))

const opens = ({ from, to, port }: Task['pairs'][number]): Promise<boolean> =>
  new Promise(resolve => {
    const socket = connect({ host: to, port, localAddress: from })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })

const batch = 200
const open: boolean[] = []
for (let start = 0; start < pairs.length; start += batch)
  open.push(...(await Promise.all(pairs.slice(start, start + batch).map(opens))))
process.stdout.write(JSON.stringify(open))
for (const server of servers) server.close()
