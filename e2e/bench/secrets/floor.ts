import { join } from 'node:path'
import { openChannel } from '@sallyport/rpc/channel'
import type { TlsMaterial } from '@sallyport/rpc/tls'
import type { BenchDatabase } from '../bench-database.ts'
import { startChild } from '../child.ts'
import type { FloorInput } from './floor-process.ts'

/** The floor programs, on the same PostgreSQL and with the same certificates. */
export type Floor = AsyncDisposable & {
  readonly pid: number
  readonly call: (program: 'echo' | 'read' | 'write', request: Buffer) => Promise<Buffer>
}

export const startFloor = async (
  database: BenchDatabase,
  tls: {
    readonly server: TlsMaterial
    readonly client: TlsMaterial
    readonly service: 'vault' | 'access-control'
  },
): Promise<Floor> => {
  await using stack = new AsyncDisposableStack()
  await database.superuser.query('create database floor')
  const input: FloorInput = { tls: tls.server, url: database.server.adminUrl('floor'), keys: 1_000 }
  const child = stack.use(await startChild<string>(join(import.meta.dirname, 'floor-process.ts'), input))
  const { client } = stack.use(openChannel({ service: tls.service, address: child.ready, tls: tls.client }))
  const same = (value: Buffer): Buffer => value
  const owned = stack.move()
  return {
    pid: child.pid,
    call: (program, request) =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest(`/floor/${program}`, same, same, request, (error, answer) =>
          error ? reject(error) : resolve(answer ?? Buffer.alloc(0)),
        )
      }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** A request: the number of a secret, and for `write` what it is. */
export const floorRequest = (id: number, secret: Buffer = Buffer.alloc(0)): Buffer => {
  const head = Buffer.alloc(4)
  head.writeUInt32BE(id)
  return Buffer.concat([head, secret])
}
