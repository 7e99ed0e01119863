import { once } from 'node:events'
import { request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { openAccessScene } from '../access/scene.ts'
import { memoryOf } from '../../support/process-tree.ts'
import { startChild } from '../child.ts'
import type { GatewayInput } from '../edge/gateway-process.ts'
import { load } from '../load.ts'
import type { Row } from '../row.ts'

const healthy = (url: URL): Promise<void> =>
  new Promise((resolve, reject) => {
    request(url, answer => {
      answer.resume()
      answer.once('end', () =>
        answer.statusCode === 200 ? resolve() : reject(new Error(`${answer.statusCode}`)),
      )
    })
      .once('error', reject)
      .end()
  })

/** A connection that has had one answer, and stays. */
const idleConnection = async ({ port }: URL, number: number): Promise<Socket> => {
  // An address has 28,000 ports to connect from.
  const socket = connect({
    host: '127.0.0.1',
    port: Number(port),
    localAddress: `127.0.0.${2 + (number % 10)}`,
  })
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.write('GET /livez HTTP/1.1\r\nhost: bench\r\n\r\n')
  const [answer] = await once(socket, 'data')
  if (!String(answer).startsWith('HTTP/1.1 200')) throw new Error(String(answer))
  return socket
}

export const row: Row = {
  id: 'P-GW-2',
  title: 'idle keep-alive connections',
  run: async effort => {
    await using scene = await openAccessScene(1)
    const input: GatewayInput = { tls: scene.tls.gateway, upstream: scene.service.ready }
    await using gateway = await startChild<string>(
      join(import.meta.dirname, '../edge/gateway-process.ts'),
      input,
    )
    const url = new URL('/livez', gateway.ready)
    const count = effort.quick ? 2_000 : 10_000
    const alive = async (): Promise<number> => (await load(2_000, 4, () => healthy(url))).p99
    await alive()
    const before = memoryOf(gateway.pid)
    const p99Before = await alive()
    const sockets: Socket[] = []
    await load(count, 50, async index => {
      sockets.push(await idleConnection(url, index))
    })
    const each = (memoryOf(gateway.pid) - before) / count / 1_000
    const p99After = await alive()
    const lost = sockets.filter(socket => socket.readyState !== 'open').length
    for (const socket of sockets) socket.destroy()
    if (lost > 0) throw new Error(`${lost} connections were lost`)
    const side = (value: number) => ({
      name: 'ours',
      value,
      cpuSeconds: 0,
      residentMegabytes: memoryOf(gateway.pid) / 1e6,
    })
    const what = `${count.toLocaleString('en')} idle connections`
    return [
      { what, unit: 'kB each', ours: side(each), target: '≤ 25 kB each', reached: each <= 25 },
      {
        what: `${what}: p99 of others`,
        unit: 'ms',
        ours: side(p99After),
        peer: { ...side(p99Before), name: 'without them' },
        ratio: p99After / p99Before,
        target: '≤ 1.5 × without them',
        reached: p99After / p99Before <= 1.5,
      },
    ]
  },
}
