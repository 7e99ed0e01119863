import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto'
import { Server, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js'
import { serverCredentials, type TlsMaterial } from '@sallyport/rpc/tls'
import pg from 'pg'
import { serveChild } from '../child.ts'

/** A database of its own, in which the program makes its two tables. */
export type FloorInput = { readonly tls: TlsMaterial; readonly url: string; readonly keys: number }

type Unary = (request: Buffer) => Promise<Buffer>

const bytes = {
  requestStream: false,
  responseStream: false,
  requestSerialize: (value: Buffer) => value,
  requestDeserialize: (value: Buffer) => value,
  responseSerialize: (value: Buffer) => value,
  responseDeserialize: (value: Buffer) => value,
} as const

/** The smallest honest programs with our I/O: gRPC over mTLS, AES-256-GCM, and one durable statement. */
const programs = (pool: pg.Pool): Record<string, Unary> => {
  const key = createSecretKey(randomBytes(32))
  const seal = (plain: Buffer): Buffer => {
    const nonce = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', key, nonce)
    return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
  }
  const open = (sealed: Buffer): Buffer => {
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12))
    decipher.setAuthTag(sealed.subarray(-16))
    return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()])
  }
  return {
    echo: async request => request,
    write: async request => {
      await pool.query({
        name: 'write',
        text: insertSecret,
        values: [request.readUInt32BE(), seal(request.subarray(4))],
      })
      return request
    },
    read: async request => {
      const id = request.readUInt32BE()
      const { rows } = await pool.query<{ sealed: Buffer }>({ name: 'read', text: readAudited, values: [id] })
      return open(rows[0]?.sealed ?? Buffer.alloc(0))
    },
  }
}

const insertSecret = `insert into secrets (id, sealed) values ($1, $2)
  on conflict (id) do update set sealed = excluded.sealed`
const readAudited = `with audit as (insert into audit (secret, what) values ($1, repeat('x', 300)))
  select sealed from secrets where id = $1`

serveChild(async ({ tls, url }: FloorInput) => {
  const pool = new pg.Pool({ connectionString: url, max: 10 })
  await pool.query('create table secrets (id bigint primary key, sealed bytea not null)')
  await pool.query('create table audit (id bigserial primary key, secret bigint, what text)')
  const server = new Server()
  for (const [name, program] of Object.entries(programs(pool))) {
    server.addService(
      { call: { ...bytes, path: `/floor/${name}` } },
      {
        call: (call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) => {
          program(call.request).then(
            result => answer(null, result),
            (error: Error) => answer(error),
          )
        },
      },
    )
  }
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', serverCredentials(tls), (error, bound) =>
      error ? reject(error) : resolve(bound),
    )
  })
  return {
    ready: `127.0.0.1:${port}`,
    stop: async () => {
      server.forceShutdown()
      await pool.end()
    },
  }
})
